### Что Petclinic говорит по-русски.

site-name = Petclinic
skip-to-content = Перейти к содержанию
footer-text = Petclinic: небольшой продакшен-под, написанный на Rust.
footer-languages = Языки

## Навигация и поиск

nav-label = Главное меню
nav-home = Главная
nav-owners = Поиск владельцев
nav-vets = Ветеринары
search-label = Поиск владельцев, питомцев и телефонов
search-placeholder = Имя, питомец, телефон
search-button = Найти
search-title = Поиск
search-results = Найдено по запросу «{ $query }»
search-none = По запросу «{ $query }» никого не найдено
search-none-hint = Владельца можно найти по имени и фамилии, по кличке питомца или по 4 и более цифрам телефона.
search-add = Добавить нового владельца: «{ $query }»
search-more = Показаны только первые { $count }. Уточните запрос, чтобы найти остальных.

## Приветствие

home-title = Добро пожаловать
home-heading = Добро пожаловать в Petclinic
home-lead = Каждый владелец, каждый питомец и каждый приём в нескольких нажатиях клавиш.
home-picture = Собака и кошка сидят рядом под тёплым солнцем
home-owners = Все владельцы
home-owners-text = Посмотреть всех, кого мы знаем
home-new-owner = Новый владелец
home-vets = Ветеринары
home-vets-text = Кто здесь работает и в чём силён

## Владельцы

find-title = Поиск владельцев
find-hint = Достаточно первых букв. Оставьте поле пустым, чтобы увидеть всех.
find-button = Найти владельца
search-matches = Найдено: { $count }
owners-title = Владельцы
owners-all =
    { $count ->
        [one] { $count } владелец
        [few] { $count } владельца
       *[many] { $count } владельцев
    }
owners-found =
    { $count ->
        [one] { $count } владелец, чья фамилия начинается с «{ $name }»
        [few] { $count } владельца, чья фамилия начинается с «{ $name }»
       *[many] { $count } владельцев, чья фамилия начинается с «{ $name }»
    }
owners-more = Более { $count } владельцев
owners-found-more = Более { $count } владельцев, фамилия которых начинается на «{ $name }»
owner-name = Имя
owner-pets = Питомцы
owner-no-pets = нет
owner-no-pets-yet = Питомцев пока нет.
owner-information = Сведения о владельце
owner-pets-and-visits = Питомцы и приёмы
owner-add = Добавить владельца
owner-new = Новый владелец
owner-edit = Изменить владельца
owner-update = Сохранить владельца
owner-telephone-hint = От 7 до 15 цифр, с + перед кодом страны
cancel = Отмена

## Питомцы и приёмы

pet-add = Добавить питомца
pet-new = Новый питомец
pet-edit = Изменить питомца
pet-edit-of = Изменить данные питомца { $pet }
pet-update = Сохранить питомца
pet-born = дата рождения: { $date }
pet-no-visits = Приёмов пока не было.
pet-type-choose = Выберите вид
pet-type =
    { $type ->
        [bird] птица
        [cat] кошка
        [dog] собака
        [hamster] хомяк
        [lizard] ящерица
        [snake] змея
       *[other] { $type }
    }
visit-add = Добавить приём
visit-add-for = Добавить приём для питомца { $pet }
visit-new = Новый приём
visit-date = Дата
visit-previous = Прошлые приёмы
visits-title = Приёмы
visits-all-of = Все приёмы питомца { $pet }
visit-status-label = Статус
visit-status =
    { $status ->
        [arrived] в клинике
        [booked] записан
        [done] завершён
       *[other] отменён
    }
visit-set-status =
    { $status ->
        [arrived] Пришёл
       *[other] Завершить
    }
visit-set-status-of =
    { $status ->
        [arrived] Отметить приход: { $pet }
       *[other] Завершить приём: { $pet }
    }
visit-edit = Изменить приём
visit-edit-of = Изменить приём питомца { $pet }
visit-edit-on = Изменить приём: { $date }
visit-update = Сохранить приём
visit-cancel = Отменить этот приём
visit-restore = Записать снова
day-today = Сегодня
day-any-time = без времени
day-pet = Питомец
day-owner = Владелец
day-no-visits = В этот день приёмов нет.
day-previous = Предыдущий день
day-next = Следующий день
day-others = Другие дни
day-show = Показать день

## Ветеринары

vets-title = Ветеринары
vets-all =
    { $count ->
        [one] { $count } ветеринар
        [few] { $count } ветеринара
       *[many] { $count } ветеринаров
    }
vet-specialties = Специализации
vet-no-specialty = нет
vet-any = Любой
vet-specialty =
    { $name ->
        [dentistry] стоматология
        [radiology] рентгенология
        [surgery] хирургия
       *[other] { $name }
    }

## Страницы списка

pager-label = Страницы
pager-first = Первая
pager-previous = Предыдущая
pager-next = Следующая
pager-last = Последняя
pager-place = Страница { $page } из { $pages }
pager-number = { $page }
pager-sizes = На странице

## Поля

field-firstName = Имя
field-lastName = Фамилия
field-address = Адрес
field-city = Город
field-telephone = Телефон
field-name = Кличка
field-birthDate = Дата рождения
field-type = Вид
field-date = Дата
field-description = Описание
field-time = Время
field-vetId = Ветеринар
field-note = Заметка
field-optional = (необязательно)

## Что не так с введённым

problems-title =
    { $count ->
        [one] { $count } поле нужно проверить ещё раз
        [few] { $count } поля нужно проверить ещё раз
       *[many] { $count } полей нужно проверить ещё раз
    }
problem-required = нужно заполнить
problem-too-long =
    { $max ->
        [one] не больше { $max } символа
       *[many] не больше { $max } символов
    }
problem-characters = содержит символы, которые нельзя показать
problem-telephone = должен состоять из 7–15 цифр, впереди может стоять +
problem-date = не похоже на дату; нужна такая запись: 2024-12-31
problem-time = не похоже на время; нужна такая запись: 14:30
problem-future = не может быть в будущем
problem-before-birth = раньше рождения питомца
problem-after-visit = позже одного из визитов питомца
problem-too-far = отстоит от сегодняшнего дня более чем на { $max } лет
problem-far-date = отстоит от сегодняшнего дня больше чем на год; если всё верно, сохраните ещё раз
problem-too-many = добавить нельзя: записей уже слишком много
problem-type = такого вида мы не знаем
problem-duplicate = уже есть
problem-not-found = ничего не найдено

## Правка устаревшей версии

changed-title = Тем временем кто-то уже сохранил изменения
changed-text = Ваши данные не потеряны: сравните ниже и сохраните ещё раз.
saved-meanwhile = Сохранено тем временем: { $value }

## После сохранения

flash-owner-created = Новый владелец добавлен
flash-owner-updated = Данные владельца сохранены
flash-pet-added = Новый питомец добавлен
flash-pet-updated = Данные питомца сохранены
flash-visit-booked = Приём добавлен
flash-visit-updated = Приём сохранён
flash-visit-changed = Не сохранено: тем временем кто-то уже изменил этот приём

## Ошибки

error-home = Главная
error-find = Поиск владельцев
error-request-id = Запрос
api-title = API для программ
api-text = Владельцы, питомцы и визиты в JSON, с теми же проверками, что и на страницах. Полное описание:
error-400-title = Не удалось прочитать запрос
error-400-text = Адрес или форма повредились по дороге. Вернитесь назад и попробуйте ещё раз.
error-401-title = Только для операторов
error-401-text = Для этого нужен токен администратора.
error-403-title = Отправлено с другого сайта
error-403-text = Форма была на странице другого сайта, поэтому ничего не изменено. Воспользуйтесь формой здесь.
error-404-title = Здесь ничего нет
error-404-text = Такой страницы, владельца или питомца не существует.
error-page-too-far-title = Слишком далеко в списке
error-page-too-far-text = Номера страниц есть только у первых 1 000 результатов. Введите больше букв или продолжайте кнопкой «Следующая» с последней пронумерованной страницы.
error-405-title = Так нельзя
error-405-text = Эта страница есть, но пользоваться ею нужно иначе.
error-408-title = Это заняло слишком много времени
error-408-text = То, что вы отправили, не дошло вовремя. Попробуйте ещё раз.
error-409-title = Ещё используется
error-409-text = От этого зависят другие данные, поэтому ничего не удалено.
error-412-title = Тем временем изменено
error-412-text = После вашего чтения кто-то сохранил изменения. Прочитайте данные ещё раз и отправьте изменение снова.
error-413-title = Слишком много сразу
error-413-text = Отправленное больше, чем мы принимаем.
error-414-title = Слишком длинный адрес
error-414-text = Адрес длиннее, чем мы принимаем.
error-415-title = Это не форма
error-415-text = Отправленное не похоже на форму, которую мы можем прочитать.
error-422-title = Пока не сохранено
error-422-text = Некоторые поля нужно проверить ещё раз.
error-key-reused-title = Этот ключ уже использован
error-key-reused-text = Idempotency-Key относится к другому запросу по этому адресу. Для других значений используйте новый ключ.
error-key-in-flight-title = Запрос ещё выполняется
error-key-in-flight-text = Запрос с этим Idempotency-Key ещё выполняется. Повторите попытку чуть позже.
error-428-title = Какая версия?
error-428-text = Для изменения нужен If-Match с ETag той версии, на которой оно основано.
error-431-title = Слишком много заголовков
error-431-text = Заголовки запроса больше, чем мы принимаем.
error-500-title = Что-то пошло не так
error-500-text = Ошибка наша, и она записана. Попробуйте ещё раз.
error-503-title = Одну минуту
error-503-text = Сейчас мы не можем на это ответить. Попробуйте ещё раз через несколько секунд.
error-504-title = Это заняло слишком много времени
error-504-text = Мы не успели ответить вовремя. Попробуйте ещё раз через несколько секунд.
