### Petclinic'in Türkçe söyledikleri.

site-name = Petclinic
skip-to-content = İçeriğe geç
footer-text = Petclinic: Rust ile yazılmış küçük bir üretim ortamı.
footer-languages = Diller

## Gezinme ve arama

nav-label = Ana menü
nav-home = Ana sayfa
nav-owners = Hayvan sahibi ara
nav-vets = Veterinerler
search-label = Hayvan sahibi, hayvan ve telefon ara
search-placeholder = Ad, hayvan, telefon
search-button = Ara
search-title = Arama
search-results = “{ $query }” için sonuçlar
search-none = “{ $query }” için kimse bulunamadı
search-none-hint = Arama; hayvan sahibinin adı ve soyadı, hayvanın adı ya da telefonun en az 4 rakamı ile yapılır.
search-add = “{ $query }” adıyla yeni hayvan sahibi ekle
search-more = Yalnızca ilk { $count } kişi gösteriliyor. Aramayı daraltmak için daha fazla yazın.

## Hoş geldiniz

home-title = Hoş geldiniz
home-heading = Petclinic'e hoş geldiniz
home-lead = Her hayvan sahibi, her hayvan ve her muayene birkaç tuş uzağınızda.
home-picture = Sıcak bir güneşin altında yan yana oturan bir köpek ve bir kedi
home-owners = Bütün hayvan sahipleri
home-owners-text = Tanıdığımız herkese göz atın
home-new-owner = Yeni hayvan sahibi
home-vets = Veterinerler
home-vets-text = Kimler burada ve en iyi neyi bilirler

## Hayvan sahipleri

find-title = Hayvan sahibi ara
find-hint = İlk harfler yeterlidir. Herkesi görmek için boş bırakın.
find-button = Hayvan sahibi ara
search-matches = Eşleşme: { $count }
owners-title = Hayvan sahipleri
owners-all =
    { $count ->
        [one] Bir hayvan sahibi
       *[other] { $count } hayvan sahibi
    }
owners-found =
    { $count ->
        [one] Soyadı “{ $name }” ile başlayan bir hayvan sahibi
       *[other] Soyadı “{ $name }” ile başlayan { $count } hayvan sahibi
    }
owners-more = { $count } üzerinde hayvan sahibi
owners-found-more = Soyadı “{ $name }” ile başlayan { $count } üzerinde hayvan sahibi
owner-name = Ad
owner-pets = Hayvanlar
owner-no-pets = yok
owner-no-pets-yet = Henüz hayvan yok.
owner-information = Hayvan sahibi bilgileri
owner-pets-and-visits = Hayvanlar ve muayeneler
owner-add = Hayvan sahibi ekle
owner-new = Yeni hayvan sahibi
owner-edit = Hayvan sahibini düzenle
owner-update = Hayvan sahibini kaydet
owner-telephone-hint = 7–15 hane; ülke kodunun önüne + yazılır
cancel = Vazgeç

## Hayvanlar ve muayeneler

pet-add = Hayvan ekle
pet-new = Yeni hayvan
pet-edit = Hayvanı düzenle
pet-edit-of = { $pet } kaydını düzenle
pet-update = Hayvanı kaydet
pet-born = doğum: { $date }
pet-no-visits = Henüz muayene yok.
pet-type-choose = Bir tür seçin
pet-type =
    { $type ->
        [bird] kuş
        [cat] kedi
        [dog] köpek
        [hamster] hamster
        [lizard] kertenkele
        [snake] yılan
       *[other] { $type }
    }
visit-add = Muayene ekle
visit-add-for = { $pet } için muayene ekle
visit-new = Yeni muayene
visit-date = Tarih
visit-previous = Önceki muayeneler
visits-title = Muayeneler
visits-all-of = Tüm muayeneler: { $pet }
visit-status-label = Durum
visit-status =
    { $status ->
        [arrived] geldi
        [booked] randevulu
        [done] tamamlandı
       *[other] iptal edildi
    }
visit-set-status =
    { $status ->
        [arrived] Geldi
       *[other] Tamamla
    }
visit-set-status-of =
    { $status ->
        [arrived] { $pet } geldi
       *[other] { $pet } muayenesini tamamla
    }
visit-edit = Muayeneyi düzenle
visit-edit-of = { $pet } muayenesini düzenle
visit-edit-on = { $date } tarihli muayeneyi düzenle
visit-update = Muayeneyi kaydet
visit-cancel = Bu muayeneyi iptal et
visit-restore = Yeniden randevu ver
day-today = Bugün
day-any-time = saatsiz
day-pet = Hayvan
day-owner = Hayvan sahibi
day-no-visits = Bu günde muayene yok.
day-previous = Önceki gün
day-next = Sonraki gün
day-others = Diğer günler
day-show = Günü göster

## Veterinerler

vets-title = Veterinerler
vets-all =
    { $count ->
        [one] Bir veteriner
       *[other] { $count } veteriner
    }
vet-specialties = Uzmanlıklar
vet-no-specialty = yok
vet-any = Fark etmez
vet-specialty =
    { $name ->
        [dentistry] diş hekimliği
        [radiology] radyoloji
        [surgery] cerrahi
       *[other] { $name }
    }

## Bir listenin sayfaları

pager-label = Sayfalar
pager-first = İlk
pager-previous = Önceki
pager-next = Sonraki
pager-last = Son
pager-place = Sayfa { $page } / { $pages }
pager-number = { $page }
pager-sizes = Sayfa başına

## Alanlar

field-firstName = Adı
field-lastName = Soyadı
field-address = Adres
field-city = Şehir
field-telephone = Telefon
field-name = Ad
field-birthDate = Doğum tarihi
field-type = Tür
field-date = Tarih
field-description = Açıklama
field-time = Saat
field-vetId = Veteriner
field-note = Not
field-optional = (isteğe bağlı)

## Girilenlerdeki sorunlar

problems-title =
    { $count ->
        [one] Bir alana yeniden bakmak gerekiyor
       *[other] { $count } alana yeniden bakmak gerekiyor
    }
problem-required = gerekli
problem-too-long =
    { $max ->
        [one] en çok bir karakter olabilir
       *[other] en çok { $max } karakter olabilir
    }
problem-characters = gösterilemeyen karakterler içeriyor
problem-telephone = 7–15 haneli olmalı, başında + bulunabilir
problem-date = bir tarih değil; şöyle yazılır: 2024-12-31
problem-time = bir saat değil; şöyle yazılır: 14:30
problem-future = gelecekte olamaz
problem-before-birth = hayvanın doğumundan önce
problem-after-visit = evcil hayvanın bir ziyaretinden sonra
problem-too-far = { $max } yıldan daha ileri bir tarih
problem-far-date = bugünden bir yıldan daha uzak; doğruysa yeniden kaydedin
problem-too-many = eklenemez: zaten çok fazla kayıt var
problem-type = bildiğimiz bir tür değil
problem-duplicate = zaten var
problem-not-found = bulunamadı

## Eski bir sürümden başlayan düzenleme

changed-title = Bu sırada başka biri kaydetti
changed-text = Yazdıklarınızdan hiçbir şey kaybolmadı: aşağıda karşılaştırın, sonra yeniden kaydedin.
saved-meanwhile = Bu sırada kaydedilen: { $value }

## Kayıttan sonra

flash-owner-created = Yeni hayvan sahibi oluşturuldu
flash-owner-updated = Hayvan sahibinin bilgileri kaydedildi
flash-pet-added = Yeni hayvan eklendi
flash-pet-updated = Hayvanın bilgileri kaydedildi
flash-visit-booked = Muayene kaydedildi
flash-visit-updated = Muayene bilgileri kaydedildi
flash-visit-changed = Kaydedilmedi: bu sırada başka biri bu muayeneyi değiştirdi

## Hatalar

error-home = Ana sayfa
error-find = Hayvan sahibi ara
error-request-id = İstek
api-title = Programlar için API
api-text = Sahipler, evcil hayvanlar ve ziyaretler JSON olarak, sayfalarla aynı denetimlerle. Tam açıklama:
error-400-title = Bunu okuyamadık
error-400-text = Adres ya da form yolda bozulmuş. Lütfen geri dönüp yeniden deneyin.
error-401-title = Yalnızca işletmenler için
error-401-text = Bunun için yönetici belirteci gerekir.
error-403-title = Başka bir siteden gönderildi
error-403-text = Form başka bir sitenin sayfasındaydı, bu yüzden hiçbir şey değiştirilmedi. Lütfen buradakini kullanın.
error-404-title = Burada bir şey yok
error-404-text = Aradığınız sayfa, hayvan sahibi ya da hayvan yok.
error-page-too-far-title = Listede çok ileride
error-page-too-far-text = Yalnızca ilk 1.000 sonucun sayfa numarası vardır. Daha fazla harfle arayın ya da son numaralı sayfadan “Sonraki” ile devam edin.
error-405-title = Bu yöntemle kullanılamaz
error-405-text = Bu sayfa var, ama bu şekilde kullanılamaz.
error-408-title = Çok uzun sürdü
error-408-text = Gönderdikleriniz zamanında ulaşmadı. Lütfen yeniden deneyin.
error-409-title = Hâlâ kullanımda
error-409-text = Buna bağlı başka kayıtlar var, bu yüzden silinmedi.
error-412-title = Bu sırada değişti
error-412-text = Siz okuduktan sonra başka biri kaydetti. Yeniden okuyun, sonra değişikliğinizi gönderin.
error-413-title = Bir seferde çok fazla
error-413-text = Gönderdiğiniz, kabul ettiğimizden daha büyük.
error-414-title = Adres çok uzun
error-414-text = Adres kabul ettiğimizden daha uzun.
error-415-title = Form değil
error-415-text = Gönderdiğiniz, okuyabildiğimiz bir form değil.
error-422-title = Henüz kaydedilmedi
error-422-text = Bazı alanlara yeniden bakmak gerekiyor.
error-key-reused-title = Bu anahtar daha önce kullanıldı
error-key-reused-text = Idempotency-Key bu adrese gönderilen başka bir isteğe ait. Başka değerler için yeni bir anahtar kullanın.
error-key-in-flight-title = Hâlâ yanıtlanıyor
error-key-in-flight-text = Bu Idempotency-Key ile bir istek hâlâ yanıtlanıyor. Lütfen biraz sonra yeniden deneyin.
error-428-title = Hangi sürüm?
error-428-text = Bir değişiklik için, dayandığı sürümün ETag değeri If-Match ile gönderilmelidir.
error-431-title = Çok fazla başlık
error-431-text = İsteğin başlıkları kabul ettiğimizden daha büyük.
error-500-title = Bir şeyler ters gitti
error-500-text = Hata bizde ve not edildi. Lütfen yeniden deneyin.
error-503-title = Bir dakika, lütfen
error-503-text = Şu anda buna yanıt veremiyoruz. Lütfen birkaç saniye sonra yeniden deneyin.
error-504-title = Çok uzun sürdü
error-504-text = Zamanında yanıt veremedik. Lütfen birkaç saniye sonra yeniden deneyin.
