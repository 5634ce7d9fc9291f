### آنچه Petclinic به فارسی می‌گوید.

site-name = Petclinic
skip-to-content = رفتن به محتوا
footer-text = Petclinic: یک پاد کوچک عملیاتی، نوشته‌شده با Rust.
footer-languages = زبان‌ها

## پیمایش و جستجو

nav-label = منوی اصلی
nav-home = خانه
nav-owners = جستجوی صاحبان
nav-vets = دامپزشکان
nav-error = خطا
search-label = جستجوی صاحبان با نام خانوادگی
search-placeholder = نام خانوادگی
search-button = جستجو

## خوش‌آمد

home-title = خوش آمدید
home-heading = به Petclinic خوش آمدید
home-lead = هر صاحب، هر حیوان و هر ویزیت، تنها با چند کلید در دسترس است.
home-picture = سگ و گربه‌ای که زیر آفتاب گرم کنار هم نشسته‌اند
home-owners = همهٔ صاحبان
home-owners-text = دیدن همهٔ کسانی که می‌شناسیم
home-new-owner = صاحب تازه
home-new-owner-text = ثبت کسی که تازه آمده است
home-vets = دامپزشکان
home-vets-text = چه کسانی اینجا هستند و در چه زمینه‌ای ماهرند

## صاحبان

find-title = جستجوی صاحبان
find-hint = چند حرف نخست کافی است. برای دیدن همه، خالی بگذارید.
find-button = یافتن صاحب
search-matches = موارد یافت‌شده: { $count }
owners-title = صاحبان
owners-all =
    { $count ->
        [one] { $count } صاحب
       *[other] { $count } صاحب
    }
owners-found =
    { $count ->
        [one] { $count } صاحب با نام خانوادگی آغازشده با «{ $name }»
       *[other] { $count } صاحب با نام خانوادگی آغازشده با «{ $name }»
    }
owner-last-name = نام خانوادگی
owner-name = نام
owner-pets = حیوانات
owner-no-pets = ندارد
owner-no-pets-yet = هنوز حیوانی ثبت نشده است.
owner-information = اطلاعات صاحب
owner-pets-and-visits = حیوانات و ویزیت‌ها
owner-add = افزودن صاحب
owner-new = صاحب تازه
owner-edit = ویرایش صاحب
owner-update = ذخیرهٔ صاحب
owner-telephone-hint = ده رقم، بدون فاصله
cancel = انصراف

## حیوانات و ویزیت‌ها

pet-add = افزودن حیوان
pet-new = حیوان تازه
pet-edit = ویرایش حیوان
pet-update = ذخیرهٔ حیوان
pet-born = تاریخ تولد:
pet-no-visits = هنوز ویزیتی ثبت نشده است.
pet-type-choose = نوع را انتخاب کنید
pet-type =
    { $type ->
        [bird] پرنده
        [cat] گربه
        [dog] سگ
        [hamster] همستر
        [lizard] مارمولک
        [snake] مار
       *[other] { $type }
    }
visit-add = افزودن ویزیت
visit-new = ویزیت تازه
visit-date = تاریخ
visit-previous = ویزیت‌های پیشین

## دامپزشکان

vets-title = دامپزشکان
vets-all =
    { $count ->
        [one] { $count } دامپزشک
       *[other] { $count } دامپزشک
    }
vet-specialties = تخصص‌ها
vet-no-specialty = ندارد
vet-specialty =
    { $name ->
        [dentistry] دندانپزشکی
        [radiology] رادیولوژی
        [surgery] جراحی
       *[other] { $name }
    }

## صفحه‌های فهرست

pager-label = صفحه‌ها
pager-first = نخستین
pager-previous = پیشین
pager-next = بعدی
pager-last = آخرین
pager-place = صفحهٔ { $page } از { $pages }
pager-number = { $page }

## فیلدها

field-firstName = نام
field-lastName = نام خانوادگی
field-address = نشانی
field-city = شهر
field-telephone = تلفن
field-name = نام
field-birthDate = تاریخ تولد
field-type = نوع
field-date = تاریخ
field-description = توضیح

## ایرادهای ورودی

problems-title =
    { $count ->
        [one] { $count } فیلد نیاز به بازبینی دارد
       *[other] { $count } فیلد نیاز به بازبینی دارند
    }
problem-required = الزامی است
problem-too-long =
    { $max ->
        [one] حداکثر { $max } نویسه می‌تواند داشته باشد
       *[other] حداکثر { $max } نویسه می‌تواند داشته باشد
    }
problem-characters = نویسه‌هایی دارد که نمایش‌دادنی نیستند
problem-telephone = باید عددی ۱۰ رقمی باشد
problem-date = تاریخ نیست؛ نمونهٔ درست: 2024-12-31
problem-future = نباید در آینده باشد
problem-type = نوعی نیست که بشناسیم
problem-duplicate = از پیش وجود دارد
problem-not-found = یافت نشد

## ویرایش بر پایهٔ نسخه‌ای قدیمی

changed-title = در این میان کس دیگری ذخیره کرده است
changed-text = چیزی از نوشته‌های شما از دست نرفته است: در زیر مقایسه کنید و دوباره ذخیره کنید.
saved-meanwhile = ذخیره‌شده در این میان: { $value }

## پس از ذخیره

flash-owner-created = صاحب تازه ثبت شد
flash-owner-updated = صاحب ذخیره شد
flash-pet-added = حیوان تازه افزوده شد
flash-pet-updated = حیوان ذخیره شد
flash-visit-booked = ویزیت ثبت شد

## خطاها

error-home = خانه
error-find = جستجوی صاحبان
error-request-id = شمارهٔ درخواست
error-400-title = نتوانستیم آن را بخوانیم
error-400-text = نشانی یا فرم در راه آسیب دیده است. لطفاً بازگردید و دوباره تلاش کنید.
error-401-title = تنها برای گردانندگان
error-401-text = برای این کار توکن مدیریت لازم است.
error-403-title = فرستاده از سایتی دیگر
error-403-text = فرم در صفحه‌ای از سایتی دیگر بود، پس چیزی تغییر نکرد. لطفاً از فرم همین‌جا استفاده کنید.
error-404-title = اینجا چیزی نیست
error-404-text = صفحه، صاحب یا حیوانی که خواستید وجود ندارد.
error-405-title = به این شکل نه
error-405-text = این صفحه هست، اما به این شکل به کار نمی‌رود.
error-408-title = خیلی طول کشید
error-408-text = آنچه فرستادید به‌موقع نرسید. لطفاً دوباره تلاش کنید.
error-413-title = یک‌باره خیلی زیاد است
error-413-text = آنچه فرستادید از اندازه‌ای که می‌پذیریم بزرگ‌تر است.
error-415-title = فرم نیست
error-415-text = آنچه فرستادید فرمی نیست که بتوانیم بخوانیم.
error-422-title = هنوز ذخیره نشده است
error-422-text = برخی فیلدها نیاز به بازبینی دارند.
error-500-title = مشکلی پیش آمد
error-500-text = اشتباه از ماست و ثبت شده است. لطفاً دوباره تلاش کنید.
error-503-title = یک لحظه، لطفاً
error-503-text = اکنون نمی‌توانیم پاسخ دهیم. لطفاً چند ثانیهٔ دیگر دوباره تلاش کنید.
error-504-title = خیلی طول کشید
error-504-text = نتوانستیم به‌موقع پاسخ دهیم. لطفاً چند ثانیهٔ دیگر دوباره تلاش کنید.

## یک روز

date = { $day } { $month ->
        [1] ژانویهٔ
        [2] فوریهٔ
        [3] مارس
        [4] آوریل
        [5] مهٔ
        [6] ژوئن
        [7] ژوئیهٔ
        [8] اوت
        [9] سپتامبر
        [10] اکتبر
        [11] نوامبر
       *[12] دسامبر
    } { $year }
