### Was Petclinic auf Deutsch sagt.

site-name = Petclinic
skip-to-content = Zum Inhalt springen
footer-text = Petclinic: ein kleiner Produktions-Pod, geschrieben in Rust.
footer-languages = Sprachen

## Navigation und Suche

nav-label = Hauptmenü
nav-home = Start
nav-owners = Halter suchen
nav-vets = Tierärzte
search-label = Halter, Tiere und Telefonnummern suchen
search-placeholder = Name, Tier, Telefon
search-button = Suchen
search-title = Suche
search-results = Treffer für „{ $query }“
search-none = Niemand gefunden für „{ $query }“
search-none-hint = Halter findet man über Vor- und Nachnamen, die Namen ihrer Tiere und mindestens 4 Ziffern der Telefonnummer.
search-add = „{ $query }“ als neuen Halter anlegen
search-more = Nur die ersten { $count } werden gezeigt. Mehr eingeben grenzt die Suche ein.

## Willkommen

home-title = Willkommen
home-heading = Willkommen bei Petclinic
home-lead = Jeder Halter, jedes Tier und jeder Besuch: nur ein paar Tasten entfernt.
home-picture = Ein Hund und eine Katze sitzen nebeneinander unter einer warmen Sonne
home-owners = Alle Halter
home-owners-text = Alle ansehen, die wir kennen
home-new-owner = Neuer Halter
home-vets = Tierärzte
home-vets-text = Wer da ist und wer was am besten kann

## Halter

find-title = Halter suchen
find-hint = Die ersten Buchstaben genügen. Leer gelassen zeigt die Suche alle.
find-button = Halter suchen
search-matches = Treffer: { $count }
owners-title = Halter
owners-all =
    { $count ->
        [one] Ein Halter
       *[other] { $count } Halter
    }
owners-found =
    { $count ->
        [one] Ein Halter, dessen Nachname mit „{ $name }“ beginnt
       *[other] { $count } Halter, deren Nachname mit „{ $name }“ beginnt
    }
owners-more = { $count }+ Halter
owners-found-more = { $count }+ Halter, deren Nachname mit „{ $name }“ beginnt
owner-name = Name
owner-pets = Tiere
owner-no-pets = keine
owner-no-pets-yet = Noch keine Tiere.
owner-information = Angaben zum Halter
owner-pets-and-visits = Tiere und Besuche
owner-add = Halter anlegen
owner-new = Neuer Halter
owner-edit = Halter bearbeiten
owner-update = Angaben speichern
owner-telephone-hint = 7 bis 15 Ziffern, mit + vor einer Landesvorwahl
cancel = Abbrechen

## Tiere und Besuche

pet-add = Tier hinzufügen
pet-new = Neues Tier
pet-edit = Tier bearbeiten
pet-edit-of = { $pet } bearbeiten
pet-update = Angaben speichern
pet-born = geboren am { $date }
pet-no-visits = Noch keine Besuche.
pet-type-choose = Tierart wählen
pet-type =
    { $type ->
        [bird] Vogel
        [cat] Katze
        [dog] Hund
        [hamster] Hamster
        [lizard] Eidechse
        [snake] Schlange
       *[other] { $type }
    }
visit-add = Besuch eintragen
visit-add-for = Besuch für { $pet } eintragen
visit-new = Neuer Besuch
visit-date = Datum
visit-previous = Frühere Besuche
visits-title = Besuche
visits-all-of = Alle Besuche von { $pet }
visit-status-label = Status
visit-status =
    { $status ->
        [arrived] eingetroffen
        [booked] gebucht
        [done] erledigt
       *[other] abgesagt
    }
visit-set-status =
    { $status ->
        [arrived] Eingetroffen
       *[other] Erledigt
    }
visit-set-status-of =
    { $status ->
        [arrived] { $pet } ist eingetroffen
       *[other] Besuch von { $pet } ist erledigt
    }
visit-edit = Besuch bearbeiten
visit-edit-of = Besuch von { $pet } bearbeiten
visit-edit-on = Besuch vom { $date } bearbeiten
visit-update = Besuch speichern
visit-cancel = Besuch absagen
visit-restore = Besuch wieder buchen
day-today = Heute
day-any-time = ohne Uhrzeit
day-pet = Tier
day-owner = Halter
day-no-visits = Keine Besuche an diesem Tag.
day-previous = Vorheriger Tag
day-next = Nächster Tag
day-others = Andere Tage
day-show = Tag zeigen

## Tierärzte

vets-title = Tierärzte
vets-all =
    { $count ->
        [one] Ein Tierarzt
       *[other] { $count } Tierärzte
    }
vet-specialties = Fachgebiete
vet-no-specialty = keine
vet-any = Egal wer
vet-specialty =
    { $name ->
        [dentistry] Zahnheilkunde
        [radiology] Radiologie
        [surgery] Chirurgie
       *[other] { $name }
    }

## Seiten einer Liste

pager-label = Seiten
pager-first = Erste
pager-previous = Vorherige
pager-next = Nächste
pager-last = Letzte
pager-place = Seite { $page } von { $pages }
pager-number = { $page }
pager-sizes = Pro Seite

## Felder

field-firstName = Vorname
field-lastName = Nachname
field-address = Adresse
field-city = Ort
field-telephone = Telefon
field-name = Name
field-birthDate = Geburtsdatum
field-type = Tierart
field-date = Datum
field-description = Beschreibung
field-time = Uhrzeit
field-vetId = Tierarzt
field-note = Notiz
field-optional = (freiwillig)

## Was an Eingaben nicht stimmt

problems-title =
    { $count ->
        [one] Bitte sehen Sie sich ein Feld noch einmal an
       *[other] Bitte sehen Sie sich { $count } Felder noch einmal an
    }
problem-required = ist erforderlich
problem-too-long =
    { $max ->
        [one] darf höchstens ein Zeichen haben
       *[other] darf höchstens { $max } Zeichen haben
    }
problem-characters = enthält Zeichen, die sich nicht anzeigen lassen
problem-telephone = muss aus 7 bis 15 Ziffern bestehen, wahlweise mit + davor
problem-date = ist kein Datum; eines sieht so aus: 2024-12-31
problem-time = ist keine Uhrzeit; eine sieht so aus: 14:30
problem-future = darf nicht in der Zukunft liegen
problem-before-birth = liegt vor der Geburt des Tieres
problem-after-visit = liegt nach einem Besuch des Tieres
problem-too-far = liegt mehr als { $max } Jahre in der Zukunft
problem-far-date = liegt mehr als ein Jahr entfernt; wenn das stimmt, noch einmal speichern
problem-too-many = lässt sich nicht hinzufügen: es sind schon zu viele
problem-type = ist keine Tierart, die wir kennen
problem-duplicate = gibt es schon
problem-not-found = wurde nicht gefunden

## Eine Änderung auf altem Stand

changed-title = Jemand anderes hat inzwischen gespeichert
changed-text = Von Ihren Eingaben ist nichts verloren: Vergleichen Sie unten und speichern Sie noch einmal.
saved-meanwhile = Inzwischen gespeichert: { $value }

## Nach dem Speichern

flash-owner-created = Neuer Halter angelegt
flash-owner-updated = Angaben zum Halter gespeichert
flash-pet-added = Neues Tier hinzugefügt
flash-pet-updated = Angaben zum Tier gespeichert
flash-visit-booked = Besuch eingetragen
flash-visit-updated = Besuch gespeichert
flash-visit-changed = Nicht gespeichert: Jemand anderes hat diesen Besuch inzwischen geändert

## Fehler

error-home = Startseite
error-find = Halter suchen
error-request-id = Anfrage
api-title = API für Programme
api-text = Besitzer, Tiere und Besuche als JSON, mit denselben Prüfungen wie die Seiten. Die ganze Beschreibung:
error-400-title = Das konnten wir nicht lesen
error-400-text = Die Adresse oder das Formular wurde unterwegs beschädigt. Bitte gehen Sie zurück und versuchen Sie es noch einmal.
error-401-title = Nur für Administratoren
error-401-text = Dafür braucht es das Admin-Token.
error-403-title = Von einer anderen Website geschickt
error-403-text = Das Formular stand auf einer Seite einer anderen Website, deshalb wurde nichts geändert. Bitte benutzen Sie das Formular auf dieser Seite.
error-404-title = Hier ist nichts
error-404-text = Die Seite, den Halter oder das Tier gibt es nicht.
error-page-too-far-title = Zu weit hinten in der Liste
error-page-too-far-text = Nur die ersten 1.000 Treffer haben Seitenzahlen. Bitte geben Sie mehr Buchstaben ein, oder blättern Sie ab der letzten nummerierten Seite mit „Nächste“ weiter.
error-405-title = So geht es nicht
error-405-text = Diese Seite gibt es, aber sie lässt sich so nicht verwenden.
error-408-title = Das hat zu lange gedauert
error-408-text = Was Sie geschickt haben, ist nicht rechtzeitig angekommen. Bitte versuchen Sie es noch einmal.
error-409-title = Noch in Gebrauch
error-409-text = Anderes hängt hiervon ab, deshalb wurde nichts gelöscht.
error-412-title = Inzwischen geändert
error-412-text = Jemand anderes hat inzwischen gespeichert. Bitte lesen Sie neu und senden Sie die Änderung dann noch einmal.
error-413-title = Zu viel auf einmal
error-413-text = Was Sie geschickt haben, ist größer als erlaubt.
error-414-title = Die Adresse ist zu lang
error-414-text = Die Adresse ist länger, als wir annehmen.
error-415-title = Kein Formular
error-415-text = Was Sie geschickt haben, ist kein Formular, das wir lesen können.
error-422-title = Noch nicht gespeichert
error-422-text = Bitte sehen Sie sich einige Felder noch einmal an.
error-key-reused-title = Schlüssel schon verwendet
error-key-reused-text = Der Idempotency-Key gehört zu einer anderen Anfrage an diese Adresse. Bitte für andere Werte einen neuen verwenden.
error-key-in-flight-title = Noch in Arbeit
error-key-in-flight-text = Eine Anfrage mit diesem Idempotency-Key wird noch beantwortet. Bitte gleich noch einmal versuchen.
error-428-title = Welche Version?
error-428-text = Eine Änderung braucht If-Match mit dem ETag der Version, auf der sie beruht.
error-431-title = Zu viele Kopfzeilen
error-431-text = Die Kopfzeilen der Anfrage sind größer, als wir annehmen.
error-500-title = Da ist etwas schiefgegangen
error-500-text = Der Fehler liegt bei uns und ist notiert. Bitte versuchen Sie es noch einmal.
error-503-title = Einen Augenblick, bitte
error-503-text = Das können wir gerade nicht beantworten. Bitte versuchen Sie es in einigen Sekunden noch einmal.
error-504-title = Das hat zu lange gedauert
error-504-text = Wir konnten nicht rechtzeitig antworten. Bitte versuchen Sie es in einigen Sekunden noch einmal.
