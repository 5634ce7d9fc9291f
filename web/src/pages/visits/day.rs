//! The visits of a day and of the days after it, of the clinic or of one veterinarian.

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use diesel::prelude::*;
use diesel::sql_types::{Date, Integer, Nullable, Text, Time};
use schema::database::{Connection, Statement};
use serde::Serialize;
use serde_json::{Value, json};

use super::store::next_status;
use crate::app::extract::{Context, Id, page_number};
use crate::db::with_more;
use crate::pages::pagination::Pages;
use crate::pages::visit::hours_and_minutes;
use crate::views::{Error, people};

/// Days that are shown, the first one included.
const DAYS: Days = Days::new(7);
/// Number of visits per page.
pub const PAGE: i64 = 50;
/// Number of the last page.
const MAX_PAGE: i64 = 100;

/// A visit in a day's list.
#[derive(QueryableByName, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Date)]
    visit_date: NaiveDate,
    #[diesel(sql_type = Nullable<Time>)]
    #[serde(serialize_with = "hours_and_minutes", rename = "time")]
    visit_time: Option<NaiveTime>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    description: String,
    #[diesel(sql_type = Integer)]
    pet_id: i32,
    #[diesel(sql_type = Text)]
    pet_name: String,
    #[diesel(sql_type = Integer)]
    owner_id: i32,
    #[diesel(sql_type = Text)]
    first_name: String,
    #[diesel(sql_type = Text)]
    last_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip)]
    vet_first_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip)]
    vet_last_name: Option<String>,
}

/// The statement of a page: cut from an index alone, the rows are read afterwards.
pub fn statement(vet: Option<i32>, from: NaiveDate, offset: i64) -> Statement {
    let of_vet = if vet.is_some() { "vet_id = ? AND " } else { "" };
    let sql = format!(
        "SELECT visit.id, visit.visit_date, visit.visit_time, visit.status, visit.description, pet.id AS pet_id, \
                pet.name AS pet_name, owner.id AS owner_id, owner.first_name, owner.last_name, \
                vet.first_name AS vet_first_name, vet.last_name AS vet_last_name
         FROM (SELECT id FROM visit WHERE {of_vet}visit_date >= ? AND visit_date < ?
               ORDER BY visit_date, visit_time, id LIMIT {} OFFSET ?) AS page
         JOIN visit ON visit.id = page.id JOIN pet ON pet.id = visit.pet_id JOIN owner ON owner.id = pet.owner_id
         LEFT JOIN vet ON vet.id = visit.vet_id ORDER BY visit.visit_date, visit.visit_time, visit.id",
        PAGE + 1
    );
    let statement = Statement::new(sql);
    let statement = if let Some(vet) = vet { statement.bind(vet) } else { statement };
    statement.bind(&*from.to_string()).bind(&*(from + DAYS).to_string()).bind(offset)
}

/// The day that the query asks for; today without one.
///
/// # Errors
/// [`Error::NotFound`] for anything that is no day.
pub fn wanted(cx: &Context) -> Result<NaiveDate, Error> {
    match cx.query()?.get("date") {
        None | Some("") => Ok(cx.app.today()),
        Some(date) => {
            let date = date.parse().ok();
            date.filter(|date: &NaiveDate| (1000..=9998).contains(&date.year())).ok_or(Error::NotFound)
        }
    }
}

/// The page's data: the visits from `from` on, grouped by day, with links to the days and pages around. `path` is that of the page.
///
/// # Errors
/// As the database's, and [`Error::NotFound`] for a page that is not there.
pub async fn read(cx: &Context, path: &str, vet: Option<i32>, from: NaiveDate) -> Result<Value, Error> {
    let query = cx.query()?;
    let page = page_number(&query)?;
    if page > MAX_PAGE {
        return Err(Error::PageTooFar);
    }
    let read = move |conn: &mut Connection| statement(vet, from, (page - 1) * PAGE).load::<Listed>(conn);
    let (visits, more) = with_more(cx.app.db.run("visits of days", read).await?, PAGE);
    if page > 1 && visits.is_empty() {
        return Err(Error::NotFound);
    }
    let link = |page: i64| format!("{path}?date={from}&page={page}");
    let pages = Pages::uncounted(page, more, link);
    let changed = query.get("changed").and_then(|id| id.parse::<Id>().ok()).map(|id| id.0);
    let mut data = page_data(cx.app.today(), path, from, &visits, page == 1);
    data["pages"] = json!(pages);
    data["changed"] = json!(changed);
    data["vet"] = json!(vet);
    Ok(data)
}

/// Data without pages of visits, which is all there is while the database is away.
pub fn unavailable(today: NaiveDate) -> Value {
    let mut data = page_data(today, "/", today, &[], false);
    data["unavailable"] = json!(true);
    data
}

fn page_data(today: NaiveDate, path: &str, from: NaiveDate, visits: &[Listed], with_first: bool) -> Value {
    let mut days: Vec<(NaiveDate, Vec<Value>)> = if with_first { vec![(from, Vec::new())] } else { Vec::new() };
    for visit in visits {
        if days.last().is_none_or(|(date, _)| *date != visit.visit_date) {
            days.push((visit.visit_date, Vec::new()));
        }
        let mut row = json!(visit);
        row["next"] = json!(next_status(&visit.status));
        row["vet"] = json!(visit.vet_first_name.as_ref().zip(visit.vet_last_name.as_ref()).map(|(f, l)| people::full_name(f, l)));
        if let Some((_, rows)) = days.last_mut() {
            rows.push(row);
        }
    }
    let day = |(date, visits): (NaiveDate, Vec<Value>)| json!({ "date": date, "today": date == today, "visits": visits });
    json!({
        "date": from,
        "today": today,
        "days": days.into_iter().map(day).collect::<Vec<_>>(),
        "path": path,
        "previous": from - Days::new(1),
        "next": from + Days::new(1),
        "unavailable": false,
        "pages": Pages::default(),
        "changed": null,
        "vet": null,
    })
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use schema::database::Backend;

    use super::*;
    use crate::db::testing::plan;

    #[test]
    fn day_is_read_from_an_index() {
        crate::db::testing::on_both(|conn| {
            let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 900)";
            let day = if conn.backend() == Backend::Mysql {
                "DATE_ADD('2026-01-01', INTERVAL n % 300 DAY)"
            } else {
                "date('2026-01-01', (n % 300) || ' days')"
            };
            let insert = format!(
                "INSERT INTO visit (pet_id, visit_date, visit_time, vet_id, description) {numbers}
                 SELECT 1 + n % 13, {day}, CASE WHEN n % 7 = 0 THEN NULL ELSE '09:30:00' END, 1 + n % 6, 'x' FROM numbers"
            );
            conn.batch_execute(&insert).unwrap();
            conn.batch_execute(if conn.backend() == Backend::Mysql { "ANALYZE TABLE visit" } else { "ANALYZE" }).unwrap();
            let from = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
            for (vet, index, rows) in [(None, "visit_by_day", 21), (Some(2), "visit_by_vet", 3)] {
                let visits: Vec<Listed> = statement(vet, from, 0).load(conn).unwrap();
                assert!(visits.is_sorted_by_key(|visit| (visit.visit_date, visit.visit_time, visit.id)));
                assert!((rows..=rows + 1).contains(&visits.len()), "{vet:?}: {}", visits.len());
                let plan = plan(conn, statement(vet, from, 0));
                assert!(plan.is_empty() && testkit::mysql::is_mariadb() || plan.contains(index), "{plan}");
                assert!(!plan.contains("SCAN visit") && !plan.contains("Table scan on visit"), "{plan}");
            }
        });
    }
}
