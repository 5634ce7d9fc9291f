### آنچه Petclinic به فارسی می‌گوید.

site-name = Petclinic
skip-to-content = رفتن به محتوا
footer-text = Petclinic: یک پاد کوچک عملیاتی، نوشته‌شده با Rust.
footer-languages = زبان‌ها

## پیمایش و جستجو

nav-label = منوی اصلی
nav-home = خانه
nav-owners = جستجوی صاحبان حیوانات
nav-vets = دامپزشکان
search-label = جستجوی صاحبان حیوانات، حیوانات و شماره‌های تلفن
search-placeholder = نام، حیوان، تلفن
search-button = جستجو
search-title = جستجو
search-results = نتیجه‌های جستجوی «{ $query }»
search-none = برای «{ $query }» کسی یافت نشد
search-none-hint = جستجو با نام و نام خانوادگی صاحب حیوان، نام حیوان یا دست‌کم ۴ رقم از شمارهٔ تلفن انجام می‌شود.
search-add = افزودن «{ $query }» به‌عنوان صاحب حیوان تازه
search-more = تنها { $count } مورد نخست نشان داده می‌شود. برای یافتن بقیه بیشتر بنویسید.

## خوش‌آمد

home-title = خوش آمدید
home-heading = به Petclinic خوش آمدید
home-lead = هر صاحب حیوان، هر حیوان و هر ویزیت، تنها با چند کلید در دسترس است.
home-picture = سگ و گربه‌ای که زیر آفتاب گرم کنار هم نشسته‌اند
home-owners = همهٔ صاحبان حیوانات
home-owners-text = دیدن همهٔ کسانی که می‌شناسیم
home-new-owner = صاحب حیوان تازه
home-vets = دامپزشکان
home-vets-text = چه کسانی اینجا هستند و در چه زمینه‌ای ماهرند

## صاحبان حیوانات

find-title = جستجوی صاحبان حیوانات
find-hint = چند حرف نخست کافی است. برای دیدن همه، خالی بگذارید.
find-button = یافتن صاحب حیوان
search-matches = موارد یافت‌شده: { $count }
owners-title = صاحبان حیوانات
owners-all =
    { $count ->
        [one] { $count } صاحب حیوان
       *[other] { $count } صاحب حیوان
    }
owners-found =
    { $count ->
        [one] { $count } صاحب حیوان با نام خانوادگی آغازشده با «{ $name }»
       *[other] { $count } صاحب حیوان با نام خانوادگی آغازشده با «{ $name }»
    }
owners-more = بیش از { $count } صاحب حیوان
owners-found-more = بیش از { $count } صاحب حیوان که نام خانوادگی‌شان با «{ $name }» آغاز می‌شود
owner-name = نام
owner-pets = حیوانات
owner-no-pets = ندارد
owner-no-pets-yet = هنوز حیوانی ثبت نشده است.
owner-information = اطلاعات صاحب حیوان
owner-pets-and-visits = حیوانات و ویزیت‌ها
owner-add = افزودن صاحب حیوان
owner-new = صاحب حیوان تازه
owner-edit = ویرایش صاحب حیوان
owner-update = ذخیرهٔ صاحب حیوان
owner-telephone-hint = ۷ تا ۱۵ رقم، با + پیش از کد کشور
cancel = انصراف

## حیوانات و ویزیت‌ها

pet-add = افزودن حیوان
pet-new = حیوان تازه
pet-edit = ویرایش حیوان
pet-edit-of = ویرایش { $pet }
pet-update = ذخیرهٔ حیوان
pet-born = تاریخ تولد: { $date }
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
visit-add-for = افزودن ویزیت برای { $pet }
visit-new = ویزیت تازه
visit-date = تاریخ
visit-previous = ویزیت‌های پیشین
visits-title = ویزیت‌ها
visits-all-of = همهٔ ویزیت‌های { $pet }
visit-status-label = وضعیت
visit-status =
    { $status ->
        [arrived] حاضر
        [booked] رزروشده
        [done] انجام‌شده
       *[other] لغوشده
    }
visit-set-status =
    { $status ->
        [arrived] پذیرش
       *[other] پایان
    }
visit-set-status-of =
    { $status ->
        [arrived] پذیرش { $pet }
       *[other] پایان ویزیت { $pet }
    }
visit-edit = ویرایش ویزیت
visit-edit-of = ویرایش ویزیت { $pet }
visit-edit-on = ویرایش ویزیت { $date }
visit-update = ذخیرهٔ ویزیت
visit-cancel = لغو این ویزیت
visit-restore = رزرو دوباره
day-today = امروز
day-any-time = بدون ساعت
day-pet = حیوان
day-owner = صاحب حیوان
day-no-visits = در این روز ویزیتی نیست.
day-previous = روز پیش
day-next = روز بعد
day-others = روزهای دیگر
day-show = نمایش روز

## دامپزشکان

vets-title = دامپزشکان
vets-all =
    { $count ->
        [one] { $count } دامپزشک
       *[other] { $count } دامپزشک
    }
vet-specialties = تخصص‌ها
vet-no-specialty = ندارد
vet-any = فرقی نمی‌کند
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
pager-sizes = در هر صفحه

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
field-time = ساعت
field-vetId = دامپزشک
field-note = یادداشت
field-optional = (اختیاری)

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
problem-telephone = باید ۷ تا ۱۵ رقم داشته باشد و می‌تواند با + آغاز شود
problem-date = تاریخ نیست؛ نمونهٔ درست: 2024-12-31
problem-time = ساعت نیست؛ نمونهٔ درست: 14:30
problem-future = نباید در آینده باشد
problem-before-birth = پیش از تولد حیوان است
problem-after-visit = پس از یکی از ویزیت‌های حیوان است
problem-too-far = بیش از { $max } سال با امروز فاصله دارد
problem-far-date = بیش از یک سال با امروز فاصله دارد؛ اگر درست است دوباره ذخیره کنید
problem-too-many = افزودنی نیست: شمار آن‌ها به بیشینه رسیده است
problem-type = نوعی نیست که بشناسیم
problem-duplicate = از پیش وجود دارد
problem-not-found = یافت نشد

## ویرایش بر پایهٔ نسخه‌ای قدیمی

changed-title = در این میان کس دیگری ذخیره کرده است
changed-text = چیزی از نوشته‌های شما از دست نرفته است: در زیر مقایسه کنید و دوباره ذخیره کنید.
saved-meanwhile = ذخیره‌شده در این میان: { $value }

## پس از ذخیره

flash-owner-created = صاحب حیوان تازه ثبت شد
flash-owner-updated = اطلاعات صاحب حیوان ذخیره شد
flash-pet-added = حیوان تازه افزوده شد
flash-pet-updated = اطلاعات حیوان ذخیره شد
flash-visit-booked = ویزیت ثبت شد
flash-visit-updated = ویزیت ذخیره شد
flash-visit-changed = ذخیره نشد: در این میان کس دیگری این ویزیت را تغییر داده است

## خطاها

error-home = خانه
error-find = جستجوی صاحبان حیوانات
error-request-id = شمارهٔ درخواست
api-title = API برای برنامه‌ها
api-text = صاحبان، حیوان‌ها و ویزیت‌ها به صورت JSON، با همان بررسی‌های صفحه‌ها. شرح کامل:
error-400-title = نتوانستیم آن را بخوانیم
error-400-text = نشانی یا فرم در راه آسیب دیده است. لطفاً بازگردید و دوباره تلاش کنید.
error-401-title = تنها برای گردانندگان
error-401-text = برای این کار توکن مدیریت لازم است.
error-403-title = فرستاده از سایتی دیگر
error-403-text = فرم در صفحه‌ای از سایتی دیگر بود، پس چیزی تغییر نکرد. لطفاً از فرم همین‌جا استفاده کنید.
error-404-title = اینجا چیزی نیست
error-404-text = صفحه، صاحب حیوان یا حیوانی که خواستید وجود ندارد.
error-page-too-far-title = بیش از اندازه در انتهای فهرست
error-page-too-far-text = تنها ۱٬۰۰۰ نتیجهٔ نخست شمارهٔ صفحه دارند. با حروف بیشتری جستجو کنید یا از آخرین صفحهٔ شماره‌دار با «بعدی» ادامه دهید.
error-405-title = به این شکل نه
error-405-text = این صفحه هست، اما به این شکل به کار نمی‌رود.
error-408-title = خیلی طول کشید
error-408-text = آنچه فرستادید به‌موقع نرسید. لطفاً دوباره تلاش کنید.
error-409-title = هنوز در حال استفاده
error-409-text = چیز دیگری به این وابسته است، پس حذف نشد.
error-412-title = در این میان تغییر کرده است
error-412-text = پس از خواندن شما کس دیگری ذخیره کرده است. دوباره بخوانید و سپس تغییر خود را بفرستید.
error-413-title = یک‌باره خیلی زیاد است
error-413-text = آنچه فرستادید از اندازه‌ای که می‌پذیریم بزرگ‌تر است.
error-414-title = نشانی بیش از حد بلند است
error-414-text = نشانی بلندتر از آن است که می‌پذیریم.
error-415-title = فرم نیست
error-415-text = آنچه فرستادید فرمی نیست که بتوانیم بخوانیم.
error-422-title = هنوز ذخیره نشده است
error-422-text = برخی فیلدها نیاز به بازبینی دارند.
error-key-reused-title = این کلید پیش‌تر به کار رفته است
error-key-reused-text = این Idempotency-Key از آنِ درخواست دیگری به همین نشانی است. برای مقدارهای دیگر کلید تازه‌ای به کار ببرید.
error-key-in-flight-title = هنوز در حال پاسخ
error-key-in-flight-text = درخواستی با همین Idempotency-Key هنوز در حال پاسخ است. لطفاً کمی بعد دوباره تلاش کنید.
error-428-title = کدام نسخه؟
error-428-text = برای تغییر باید ETag نسخهٔ مبنا با If-Match فرستاده شود.
error-431-title = سرآیندها بیش از حد است
error-431-text = سرآیندهای درخواست بزرگ‌تر از آن است که می‌پذیریم.
error-500-title = مشکلی پیش آمد
error-500-text = اشتباه از ماست و ثبت شده است. لطفاً دوباره تلاش کنید.
error-503-title = یک لحظه، لطفاً
error-503-text = اکنون نمی‌توانیم پاسخ دهیم. لطفاً چند ثانیهٔ دیگر دوباره تلاش کنید.
error-504-title = خیلی طول کشید
error-504-text = نتوانستیم به‌موقع پاسخ دهیم. لطفاً چند ثانیهٔ دیگر دوباره تلاش کنید.
