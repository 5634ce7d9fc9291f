### 日本語の Petclinic。

site-name = Petclinic
skip-to-content = 本文へ移動
footer-text = Petclinic：Rust で書かれた小さな本番ポッド。
footer-languages = 言語

## メニューと検索

nav-label = メインメニュー
nav-home = ホーム
nav-owners = 飼い主を探す
nav-vets = 獣医師
search-label = 飼い主・ペット・電話番号を検索
search-placeholder = 名前・ペット・電話番号
search-button = 検索
search-title = 検索
search-results = 「{ $query }」の検索結果
search-none = 「{ $query }」に一致する飼い主はいません
search-none-hint = 飼い主の姓名、ペットの名前、電話番号の 4 桁以上で検索できます。
search-add = 「{ $query }」を新しい飼い主として登録
search-more = 最初の { $count } 件だけを表示しています。続けて入力すると絞り込めます。

## ようこそ

home-title = ようこそ
home-heading = Petclinic へようこそ
home-lead = 飼い主もペットも診察も、数文字の入力ですぐに見つかります。
home-picture = あたたかな太陽の下に並んで座る犬と猫
home-owners = すべての飼い主
home-owners-text = 登録されている飼い主を見る
home-new-owner = 新しい飼い主
home-vets = 獣医師
home-vets-text = 在籍する獣医師と専門分野を見る

## 飼い主

find-title = 飼い主を探す
find-hint = はじめの数文字で検索できます。空欄ならすべて表示します。
find-button = 飼い主を探す
search-matches = 該当する飼い主：{ $count } 名
owners-title = 飼い主
owners-all =
    { $count ->
       *[other] 飼い主 { $count } 名
    }
owners-found =
    { $count ->
       *[other] 姓が「{ $name }」で始まる飼い主 { $count } 名
    }
owners-more = 飼い主 { $count } 名以上
owners-found-more = 姓が「{ $name }」で始まる飼い主 { $count } 名以上
owner-name = 氏名
owner-pets = ペット
owner-no-pets = なし
owner-no-pets-yet = まだペットがいません。
owner-information = 飼い主の情報
owner-pets-and-visits = ペットと診察
owner-add = 飼い主を追加
owner-new = 新しい飼い主
owner-edit = 飼い主を編集
owner-update = 保存する
owner-telephone-hint = 数字 7〜15 桁。ハイフンは入れてもかまいません。国番号は + から入力します。
cancel = キャンセル

## ペットと診察

pet-add = ペットを追加
pet-new = 新しいペット
pet-edit = ペットを編集
pet-edit-of = { $pet } を編集
pet-update = 保存する
pet-born = { $date }生まれ
pet-no-visits = まだ診察の記録がありません。
pet-type-choose = 種類を選んでください
pet-type =
    { $type ->
        [bird] 鳥
        [cat] 猫
        [dog] 犬
        [hamster] ハムスター
        [lizard] トカゲ
        [snake] ヘビ
       *[other] { $type }
    }
visit-add = 診察を追加
visit-add-for = { $pet } の診察を追加
visit-new = 新しい診察
visit-date = 日付
visit-previous = これまでの診察
visits-title = 診察の記録
visits-all-of = { $pet } のすべての診察
visit-status-label = 状態
visit-status =
    { $status ->
        [arrived] 来院
        [booked] 予約
        [done] 完了
       *[other] キャンセル
    }
visit-set-status =
    { $status ->
        [arrived] 受付する
       *[other] 完了する
    }
visit-set-status-of =
    { $status ->
        [arrived] { $pet } を受付する
       *[other] { $pet } の診察を完了する
    }
visit-edit = 診察を編集
visit-edit-of = { $pet } の診察を編集
visit-edit-on = { $date }の診察を編集
visit-update = 診察を保存
visit-cancel = この診察をキャンセル
visit-restore = もう一度予約する
day-today = 今日
day-any-time = 時間未定
day-pet = ペット
day-owner = 飼い主
day-no-visits = この日の診察はありません。
day-previous = 前の日
day-next = 次の日
day-others = ほかの日
day-show = 日付を表示

## 獣医師

vets-title = 獣医師
vets-all =
    { $count ->
       *[other] 獣医師 { $count } 名
    }
vet-specialties = 専門分野
vet-no-specialty = なし
vet-any = 指定なし
vet-specialty =
    { $name ->
        [dentistry] 歯科
        [radiology] 放射線科
        [surgery] 外科
       *[other] { $name }
    }

## 一覧のページ

pager-label = ページ
pager-first = 最初
pager-previous = 前へ
pager-next = 次へ
pager-last = 最後
pager-place = { $pages } ページ中 { $page } ページ目
pager-number = { $page }
pager-sizes = 表示件数

## 入力欄

field-firstName = 名
field-lastName = 姓
field-address = 住所
field-city = 市区町村
field-telephone = 電話番号
field-name = 名前
field-birthDate = 生年月日
field-type = 種類
field-date = 日付
field-description = 内容
field-time = 時間
field-vetId = 担当獣医師
field-note = メモ
field-optional = （任意）

## 入力内容の問題

problems-title =
    { $count ->
       *[other] 確認が必要な項目が { $count } 件あります
    }
problem-required = 入力してください
problem-too-long =
    { $max ->
       *[other] { $max } 文字以内で入力してください
    }
problem-characters = 表示できない文字が含まれています
problem-telephone = 数字 7〜15 桁で入力してください（先頭の + は可）
problem-date = 日付ではありません。2024-12-31 のように入力してください
problem-time = 時間ではありません。14:30 のように入力してください
problem-future = 未来の日付は入力できません
problem-before-birth = ペットの誕生日より前の日付です
problem-after-visit = ペットの診察日より後です
problem-too-far = { $max } 年より先の日付です
problem-far-date = 1 年以上離れた日付です。正しければもう一度保存してください
problem-too-many = 登録件数が上限に達しているため追加できません
problem-type = 登録されていない種類です
problem-duplicate = すでに登録されています
problem-not-found = 見つかりませんでした

## 古い内容から始めた編集

changed-title = その間に別の人が保存しました
changed-text = 入力した内容は失われていません。下で見比べてから、もう一度保存してください。
saved-meanwhile = その間に保存された値：{ $value }

## 保存のあと

flash-owner-created = 新しい飼い主を登録しました
flash-owner-updated = 飼い主の情報を更新しました
flash-pet-added = 新しいペットを追加しました
flash-pet-updated = ペットの情報を更新しました
flash-visit-booked = 診察を登録しました
flash-visit-updated = 診察の情報を更新しました
flash-visit-changed = 保存されませんでした。その間に別の人がこの診察を変更しました

## エラー

error-home = ホーム
error-find = 飼い主を探す
error-request-id = リクエスト番号
api-title = プログラム用 API
api-text = 飼い主・ペット・診察を JSON で、画面と同じ検査を通して提供します。説明の全文:
error-400-title = 読み取れませんでした
error-400-text = URLまたはフォームが途中で壊れました。戻ってもう一度お試しください。
error-401-title = 運用者専用です
error-401-text = 管理者トークンが必要です。
error-403-title = 別のサイトから送信されました
error-403-text = フォームが別のサイトのページにあったため、何も変更していません。こちらのフォームをご利用ください。
error-404-title = ここには何もありません
error-404-text = お探しのページ、飼い主、ペットは見つかりません。
error-page-too-far-title = 一覧の先すぎるページです
error-page-too-far-text = ページ番号で表示できるのは 1,000 件までです。文字数を増やして検索するか、最後の番号のページから「次へ」で進んでください。
error-405-title = その方法では使えません
error-405-text = ページはありますが、その方法では利用できません。
error-408-title = 時間がかかりすぎました
error-408-text = 送信された内容が時間内に届きませんでした。もう一度お試しください。
error-409-title = まだ使用中です
error-409-text = ほかの情報から参照されているため、削除していません。
error-412-title = その間に変更されました
error-412-text = 読み込んだ後に別の人が保存しました。もう一度読み込んでから変更を送信してください。
error-413-title = 大きすぎます
error-413-text = 送信された内容は、受け付けられる大きさを超えています。
error-414-title = アドレスが長すぎます
error-414-text = 受け付けられる長さを超えたアドレスです。
error-415-title = フォームではありません
error-415-text = 送信された内容は、読み取れるフォームではありません。
error-422-title = まだ保存されていません
error-422-text = 確認が必要な項目があります。
error-key-reused-title = このキーは使用済みです
error-key-reused-text = この Idempotency-Key は同じアドレスへの別のリクエストで使われています。値が異なる場合は新しいキーを使ってください。
error-key-in-flight-title = まだ処理中です
error-key-in-flight-text = この Idempotency-Key のリクエストはまだ処理中です。しばらくしてからもう一度お試しください。
error-428-title = バージョンが必要です
error-428-text = 変更には、元にしたバージョンの ETag を If-Match で送る必要があります。
error-431-title = ヘッダーが大きすぎます
error-431-text = リクエストのヘッダーが受け付けられる大きさを超えています。
error-500-title = 問題が発生しました
error-500-text = こちら側の問題で、記録しました。もう一度お試しください。
error-503-title = 少々お待ちください
error-503-text = ただいまお答えできません。数秒後にもう一度お試しください。
error-504-title = 時間がかかりすぎました
error-504-text = 時間内にお答えできませんでした。数秒後にもう一度お試しください。
