### What Petclinic says in English.

site-name = Petclinic
skip-to-content = Skip to content
footer-text = Petclinic: a small production pod, written in Rust.
footer-languages = Languages

## Navigation and search

nav-label = Main
nav-home = Home
nav-owners = Find owners
nav-vets = Veterinarians
search-label = Search owners, pets and telephone numbers
search-placeholder = Name, pet, telephone
search-button = Search
search-title = Search
search-results = Found for “{ $query }”
search-none = Nobody found for “{ $query }”
search-none-hint = Owners are found by first and last name, by their pets' names, and by 4 or more digits of their telephone number.
search-add = Add “{ $query }” as a new owner
search-more = Only the first { $count } are shown. Type more to find others.

## Welcome

home-title = Welcome
home-heading = Welcome to Petclinic
home-lead = Every owner, every pet and every visit, a few keystrokes away.
home-picture = A dog and a cat sitting side by side under a warm sun
home-owners = All owners
home-owners-text = Look through everyone we know
home-new-owner = New owner
home-vets = Veterinarians
home-vets-text = Who is here, and what they know best

## Owners

find-title = Find owners
find-hint = The first letters are enough. Leave it empty to see everyone.
find-button = Find owner
search-matches = Matches: { $count }
owners-title = Owners
owners-all =
    { $count ->
        [one] One owner
       *[other] { $count } owners
    }
owners-found =
    { $count ->
        [one] One owner whose last name begins with “{ $name }”
       *[other] { $count } owners whose last name begins with “{ $name }”
    }
owners-more = { $count }+ owners
owners-found-more = { $count }+ owners whose last name begins with “{ $name }”
owner-name = Name
owner-pets = Pets
owner-no-pets = none
owner-no-pets-yet = No pets yet.
owner-information = Owner information
owner-pets-and-visits = Pets and visits
owner-add = Add owner
owner-new = New owner
owner-edit = Edit owner
owner-update = Update owner
owner-telephone-hint = 7 to 15 digits, with + before a country code
cancel = Cancel

## Pets and visits

pet-add = Add pet
pet-new = New pet
pet-edit = Edit pet
pet-edit-of = Edit pet { $pet }
pet-update = Update pet
pet-born = born { $date }
pet-no-visits = No visits yet.
pet-type-choose = Choose a type
pet-type =
    { $type ->
        [bird] bird
        [cat] cat
        [dog] dog
        [hamster] hamster
        [lizard] lizard
        [snake] snake
       *[other] { $type }
    }
visit-add = Add visit
visit-add-for = Add visit for { $pet }
visit-new = New visit
visit-date = Date
visit-previous = Previous visits
visits-title = Visits
visits-all-of = All visits of { $pet }
visit-status-label = Status
visit-status =
    { $status ->
        [arrived] arrived
        [booked] booked
        [done] done
       *[other] cancelled
    }
visit-set-status =
    { $status ->
        [arrived] Check in
       *[other] Finish
    }
visit-set-status-of =
    { $status ->
        [arrived] Check in { $pet }
       *[other] Finish visit of { $pet }
    }
visit-edit = Edit visit
visit-edit-of = Edit visit of { $pet }
visit-edit-on = Edit visit on { $date }
visit-update = Update visit
visit-cancel = Cancel this visit
visit-restore = Book this visit again
day-today = Today
day-any-time = any time
day-pet = Pet
day-owner = Owner
day-no-visits = No visits on this day.
day-previous = Previous day
day-next = Next day
day-others = Other days
day-show = Show day

## Veterinarians

vets-title = Veterinarians
vets-all =
    { $count ->
        [one] One veterinarian
       *[other] { $count } veterinarians
    }
vet-specialties = Specialties
vet-no-specialty = none
vet-any = No preference
vet-specialty =
    { $name ->
        [dentistry] dentistry
        [radiology] radiology
        [surgery] surgery
       *[other] { $name }
    }

## Pages of a list

pager-label = Pages
pager-first = First
pager-previous = Previous
pager-next = Next
pager-last = Last
pager-place = Page { $page } of { $pages }
pager-number = { $page }
pager-sizes = Per page

## Fields, named like the fields of the forms

field-firstName = First name
field-lastName = Last name
field-address = Address
field-city = City
field-telephone = Telephone
field-name = Name
field-birthDate = Birth date
field-type = Type
field-date = Date
field-description = Description
field-time = Time
field-vetId = Veterinarian
field-note = Note
field-optional = (optional)

## Problems with what was entered

problems-title =
    { $count ->
        [one] One field needs another look
       *[other] { $count } fields need another look
    }
problem-required = is required
problem-too-long =
    { $max ->
        [one] may have one character at most
       *[other] may have { $max } characters at most
    }
problem-characters = contains characters that cannot be shown
problem-telephone = must have 7 to 15 digits, with an optional + in front
problem-date = is not a date; it looks like 2024-12-31
problem-time = is not a time; it looks like 14:30
problem-future = must not be in the future
problem-before-birth = is before the pet was born
problem-after-visit = is after one of the pet’s visits
problem-too-far = is more than { $max } years away
problem-far-date = is more than a year away; save again if that is right
problem-too-many = cannot be added: there are too many already
problem-type = is not a type we know
problem-duplicate = already exists
problem-not-found = has not been found

## An edit that started from an older version

changed-title = Somebody else has saved this in the meantime
changed-text = Nothing of yours is lost: compare below, then save again.
saved-meanwhile = Saved in the meantime: { $value }

## After a save

flash-owner-created = New owner created
flash-owner-updated = Owner updated
flash-pet-added = New pet added
flash-pet-updated = Pet updated
flash-visit-booked = Visit booked
flash-visit-updated = Visit updated
flash-visit-changed = Not saved: somebody else has changed this visit in the meantime

## Errors

error-home = Home
error-find = Find owners
error-request-id = Request
api-title = API for programs
api-text = Owners, pets and visits as JSON, through the same checks as the pages. The whole description:
error-400-title = We could not read that
error-400-text = The address or the form was damaged on its way. Please go back and try again.
error-401-title = Operators only
error-401-text = This needs the admin token.
error-403-title = Sent from another site
error-403-text = The form was on a page of another site, so nothing was changed. Please use the one here.
error-404-title = Nothing here
error-404-text = The page, the owner or the pet you asked for does not exist.
error-page-too-far-title = Too far down the list
error-page-too-far-text = A list is numbered up to 1,000 results only. Search with more letters, or follow “Next” from the last numbered page.
error-405-title = Not like this
error-405-text = This page exists, but cannot be used that way.
error-408-title = That took too long
error-408-text = What you sent did not arrive in time. Please try again.
error-409-title = Still in use
error-409-text = Something else depends on this, so it was not deleted.
error-412-title = Changed in the meantime
error-412-text = Somebody else has saved this since you read it. Read it again, then send your change.
error-413-title = Too much at once
error-413-text = What you sent is larger than we accept.
error-414-title = That address is too long
error-414-text = The address is longer than we accept.
error-415-title = Not a form
error-415-text = What you sent is not a form that we can read.
error-422-title = Not saved yet
error-422-text = Some fields need another look.
error-key-reused-title = This key was used before
error-key-reused-text = The Idempotency-Key belongs to another request to this address. Please use a new key for other values.
error-key-in-flight-title = Still being answered
error-key-in-flight-text = A request with this Idempotency-Key is still being answered. Please try again in a moment.
error-428-title = Which version?
error-428-text = A change needs If-Match with the ETag of the version that it is based on.
error-431-title = Too many headers
error-431-text = The headers of the request are larger than we accept.
error-500-title = Something went wrong
error-500-text = The mistake is ours, and it has been noted. Please try again.
error-503-title = One moment, please
error-503-text = We cannot answer that right now. Please try again in a few seconds.
error-504-title = That took too long
error-504-text = We could not answer in time. Please try again in a few seconds.
