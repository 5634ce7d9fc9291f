### 한국어로 말하는 Petclinic.

site-name = Petclinic
skip-to-content = 본문으로 건너뛰기
footer-text = Petclinic: Rust로 만든 작은 프로덕션 파드.
footer-languages = 언어

## 메뉴와 검색

nav-label = 주 메뉴
nav-home = 홈
nav-owners = 보호자 찾기
nav-vets = 수의사
search-label = 보호자, 반려동물, 전화번호 검색
search-placeholder = 이름, 반려동물, 전화번호
search-button = 검색
search-title = 검색
search-results = “{ $query }” 검색 결과
search-none = “{ $query }” 검색 결과가 없습니다
search-none-hint = 보호자 이름(초성 가능), 반려동물 이름, 전화번호 네 자리 이상으로 찾을 수 있습니다.
search-add = “{ $query }” 새 보호자로 등록
search-more = 처음 { $count }명만 보여 줍니다. 더 입력하면 범위를 좁힐 수 있습니다.

## 환영

home-title = 환영합니다
home-heading = Petclinic에 오신 것을 환영합니다
home-lead = 모든 보호자와 반려동물, 모든 진료를 몇 글자만 치면 볼 수 있습니다.
home-picture = 따뜻한 햇살 아래 나란히 앉아 있는 강아지와 고양이
home-owners = 모든 보호자
home-owners-text = 등록된 보호자를 둘러보기
home-new-owner = 새 보호자
home-vets = 수의사
home-vets-text = 어떤 수의사가 무엇을 잘하는지 보기

## 보호자

find-title = 보호자 찾기
find-hint = 앞 글자만 입력해도 됩니다. 비워 두면 모두 보여 줍니다.
find-button = 보호자 찾기
search-matches = 찾은 보호자: { $count }명
owners-title = 보호자
owners-all =
    { $count ->
       *[other] 보호자 { $count }명
    }
owners-found =
    { $count ->
       *[other] 성이 “{ $name }”(으)로 시작하는 보호자 { $count }명
    }
owners-more = 보호자 { $count }명 이상
owners-found-more = 성이 “{ $name }”(으)로 시작하는 보호자 { $count }명 이상
owner-name = 이름
owner-pets = 반려동물
owner-no-pets = 없음
owner-no-pets-yet = 아직 반려동물이 없습니다.
owner-information = 보호자 정보
owner-pets-and-visits = 반려동물과 진료
owner-add = 보호자 등록
owner-new = 새 보호자
owner-edit = 보호자 수정
owner-update = 보호자 정보 저장
owner-telephone-hint = 숫자 7~15자리. 하이픈은 넣어도 되고, 국가 번호는 +로 시작합니다.
cancel = 취소

## 반려동물과 진료

pet-add = 반려동물 등록
pet-new = 새 반려동물
pet-edit = 반려동물 수정
pet-edit-of = { $pet } 수정
pet-update = 반려동물 정보 저장
pet-born = { $date }생
pet-no-visits = 아직 진료 기록이 없습니다.
pet-type-choose = 종류를 선택해 주세요
pet-type =
    { $type ->
        [bird] 새
        [cat] 고양이
        [dog] 개
        [hamster] 햄스터
        [lizard] 도마뱀
        [snake] 뱀
       *[other] { $type }
    }
visit-add = 진료 등록
visit-add-for = { $pet } 진료 등록
visit-new = 새 진료
visit-date = 날짜
visit-previous = 이전 진료
visits-title = 진료 기록
visits-all-of = { $pet }의 모든 진료 기록
visit-status-label = 상태
visit-status =
    { $status ->
        [arrived] 접수
        [booked] 예약
        [done] 완료
       *[other] 취소
    }
visit-set-status =
    { $status ->
        [arrived] 접수하기
       *[other] 완료하기
    }
visit-set-status-of =
    { $status ->
        [arrived] { $pet } 접수하기
       *[other] { $pet } 진료 완료하기
    }
visit-edit = 진료 수정
visit-edit-of = { $pet } 진료 수정
visit-edit-on = { $date } 진료 수정
visit-update = 진료 저장
visit-cancel = 진료 취소
visit-restore = 다시 예약
day-today = 오늘
day-any-time = 시간 미정
day-pet = 반려동물
day-owner = 보호자
day-no-visits = 이날은 진료가 없습니다.
day-previous = 이전 날
day-next = 다음 날
day-others = 다른 날짜
day-show = 날짜 보기

## 수의사

vets-title = 수의사
vets-all =
    { $count ->
       *[other] 수의사 { $count }명
    }
vet-specialties = 전문 분야
vet-no-specialty = 없음
vet-any = 지정하지 않음
vet-specialty =
    { $name ->
        [dentistry] 치과
        [radiology] 영상의학
        [surgery] 외과
       *[other] { $name }
    }

## 목록의 쪽

pager-label = 페이지
pager-first = 처음
pager-previous = 이전
pager-next = 다음
pager-last = 마지막
pager-place = 전체 { $pages }페이지 중 { $page }페이지
pager-number = { $page }
pager-sizes = 페이지당

## 입력란

field-firstName = 이름
field-lastName = 성
field-address = 주소
field-city = 시/군/구
field-telephone = 전화번호
field-name = 이름
field-birthDate = 생년월일
field-type = 종류
field-date = 날짜
field-description = 진료 내용
field-time = 시간
field-vetId = 담당 수의사
field-note = 메모
field-optional = (선택)

## 입력한 내용의 문제

problems-title =
    { $count ->
       *[other] 다시 확인할 항목이 { $count }개 있습니다
    }
problem-required = 입력해 주세요
problem-too-long =
    { $max ->
       *[other] { $max }자까지 입력할 수 있습니다
    }
problem-characters = 표시할 수 없는 문자가 들어 있습니다
problem-telephone = 숫자 7~15자리여야 합니다(맨 앞에 + 가능)
problem-date = 날짜가 아닙니다. 2024-12-31처럼 입력해 주세요
problem-time = 시간이 아닙니다. 14:30처럼 입력해 주세요
problem-future = 미래의 날짜일 수 없습니다
problem-before-birth = 반려동물이 태어나기 전입니다
problem-after-visit = 반려동물의 진료 기록보다 늦습니다
problem-too-far = 지금부터 { $max }년이 넘는 날짜입니다
problem-far-date = 1년 넘게 떨어진 날짜입니다. 맞다면 다시 저장해 주세요
problem-too-many = 더 이상 등록할 수 없습니다. 이미 너무 많습니다
problem-type = 알 수 없는 종류입니다
problem-duplicate = 이미 있습니다
problem-not-found = 찾을 수 없습니다

## 예전 내용에서 시작한 수정

changed-title = 그사이 다른 사람이 저장했습니다
changed-text = 입력하신 내용은 그대로 있습니다. 아래에서 비교한 뒤 다시 저장해 주세요.
saved-meanwhile = 그사이 저장된 값: { $value }

## 저장한 뒤

flash-owner-created = 새 보호자를 등록했습니다
flash-owner-updated = 보호자 정보를 저장했습니다
flash-pet-added = 새 반려동물을 등록했습니다
flash-pet-updated = 반려동물 정보를 저장했습니다
flash-visit-booked = 진료를 등록했습니다
flash-visit-updated = 진료 정보를 저장했습니다
flash-visit-changed = 저장하지 않았습니다. 그사이 다른 사람이 이 진료를 변경했습니다

## 오류

error-home = 홈
error-find = 보호자 찾기
error-request-id = 요청 번호
api-title = 프로그램용 API
api-text = 보호자, 반려동물, 진료 기록을 JSON으로 제공하며 화면과 같은 검사를 거칩니다. 전체 설명:
error-400-title = 읽을 수 없는 요청입니다
error-400-text = 주소나 양식이 도중에 손상되었습니다. 뒤로 돌아가 다시 시도해 주세요.
error-401-title = 운영자 전용입니다
error-401-text = 관리자 토큰이 필요합니다.
error-403-title = 다른 사이트에서 보낸 요청입니다
error-403-text = 양식이 다른 사이트의 페이지에 있어 아무것도 바꾸지 않았습니다. 이곳의 양식을 이용해 주세요.
error-404-title = 여기에는 아무것도 없습니다
error-404-text = 찾으시는 페이지나 보호자, 반려동물이 없습니다.
error-page-too-far-title = 목록에서 너무 뒤쪽입니다
error-page-too-far-text = 페이지 번호로는 1,000건까지만 볼 수 있습니다. 더 많은 글자로 검색하거나 마지막 번호 페이지에서 “다음”을 눌러 주세요.
error-405-title = 지원하지 않는 요청 방식입니다
error-405-text = 페이지는 있지만 이런 방법으로는 쓸 수 없습니다.
error-408-title = 시간이 너무 오래 걸렸습니다
error-408-text = 보내신 내용이 제때 도착하지 않았습니다. 다시 시도해 주세요.
error-409-title = 아직 사용 중입니다
error-409-text = 다른 정보가 연결되어 있어 삭제하지 않았습니다.
error-412-title = 그사이 바뀌었습니다
error-412-text = 읽으신 뒤에 다른 사람이 저장했습니다. 다시 읽은 뒤 변경 내용을 보내 주세요.
error-413-title = 너무 큽니다
error-413-text = 보내신 내용이 받을 수 있는 크기를 넘었습니다.
error-414-title = 주소가 너무 깁니다
error-414-text = 받을 수 있는 길이보다 긴 주소입니다.
error-415-title = 양식이 아닙니다
error-415-text = 보내신 내용은 읽을 수 있는 양식이 아닙니다.
error-422-title = 아직 저장하지 않았습니다
error-422-text = 다시 확인할 항목이 있습니다.
error-key-reused-title = 이미 사용된 키입니다
error-key-reused-text = 이 Idempotency-Key는 같은 주소로 보낸 다른 요청에 사용되었습니다. 값이 다르면 새 키를 사용해 주세요.
error-key-in-flight-title = 아직 처리 중입니다
error-key-in-flight-text = 이 Idempotency-Key의 요청이 아직 처리되고 있습니다. 잠시 후 다시 시도해 주세요.
error-428-title = 버전이 필요합니다
error-428-text = 변경하려면 기준이 된 버전의 ETag를 If-Match로 보내야 합니다.
error-431-title = 헤더가 너무 많습니다
error-431-text = 요청 헤더가 받을 수 있는 크기보다 큽니다.
error-500-title = 문제가 생겼습니다
error-500-text = 저희 쪽 문제이며 기록해 두었습니다. 다시 시도해 주세요.
error-503-title = 잠시만 기다려 주세요
error-503-text = 지금은 응답할 수 없습니다. 몇 초 뒤에 다시 시도해 주세요.
error-504-title = 시간이 너무 오래 걸렸습니다
error-504-text = 제때 응답하지 못했습니다. 몇 초 뒤에 다시 시도해 주세요.
