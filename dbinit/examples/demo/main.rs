//! Adds made-up owners to a prepared database, for trying things out and measuring:
//! two pets and three visits each on average, with names and telephone numbers of nine countries, and visits of today.
//!
//! ```text
//! DATABASE_URL=sqlite:run/petclinic.db cargo run -p dbinit --example demo -- --owners 100000
//! ```
//!
//! Each batch is a transaction. A run that was stopped is continued by the next one, which counts the owners that are there.

#![allow(clippy::print_stdout)]

mod day;
mod people;
mod progress;

use std::fmt::Write;
use std::process::ExitCode;

use clap::Parser;
use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use schema::database::{self, Backend, Connection, connect_existing};
use schema::tables::{owner, pet, pet_type};

use self::people::People;
use self::progress::Progress;

/// Owners of the seed data.
const SEED_OWNERS: u64 = 10;
/// Owners per transaction: about 12 000 rows.
const BATCH: u64 = 2000;
/// Length of a statement in characters after which the next one begins; databases accept at least 1 MB.
const STATEMENT: usize = 256 << 10;

/// Adds made-up owners to a prepared database.
#[derive(Parser)]
struct Config {
    #[command(flatten)]
    database: database::Settings,

    /// Number of made-up owners in all
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    owners: u64,
}

fn main() -> ExitCode {
    let config: Config = runtime::settings::parse(&[]);
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Config) -> Result<(), Box<dyn std::error::Error>> {
    let connection = &mut connect_existing(&config.database.url)?;
    let people = People::new();
    let mut progress = Progress::new("owners", config.owners);
    let all: i64 = owner::table.count().get_result(connection)?;
    let mut done = u64::try_from(all)?.saturating_sub(SEED_OWNERS);
    progress.at(done);
    while done < config.owners {
        let end = config.owners.min(done + BATCH);
        connection.transaction(|connection| add_batch(connection, &people, done, end))?;
        done = end;
        progress.at(done);
    }
    connection.transaction(day::book)?;
    // fresh statistics, so that the first queries are planned well
    connection.batch_execute(match connection.backend() {
        Backend::Mysql => "ANALYZE TABLE owner, pet, visit",
        Backend::Sqlite => "ANALYZE",
    })?;
    Ok(())
}

/// Inserts the owners with the numbers from `done` to below `end`.
fn add_batch(connection: &mut Connection, people: &People, done: u64, end: u64) -> Result<(), Box<dyn std::error::Error>> {
    let types: Vec<i32> = pet_type::table.select(pet_type::id).order(pet_type::id).load(connection)?;
    if types.is_empty() {
        return Err("there are no pet types; dbinit seed inserts them".into());
    }
    let last_owner: Option<i32> = owner::table.select(diesel::dsl::max(owner::id)).first(connection)?;
    let last_pet: Option<i32> = pet::table.select(diesel::dsl::max(pet::id)).first(connection)?;

    let mut owner_rows = Rows::of("owner (id, first_name, last_name, address, city, telephone)");
    let mut pet_rows = Rows::of("pet (id, name, birth_date, type_id, owner_id)");
    let mut visit_rows = Rows::of("visit (pet_id, visit_date, description)");
    let mut pet_id = last_pet.unwrap_or(0);
    for (owner_id, n) in (last_owner.unwrap_or(0) + 1..).zip(done..end) {
        let owner = people.owner(n);
        let texts = [owner.first_name, owner.last_name, &owner.address, owner.city].map(quoted);
        owner_rows.add(format_args!("{owner_id},{},'{}'", texts.join(","), owner.telephone));
        for pet in people.pets(n) {
            pet_id += 1;
            let kind = types[pet.kind % types.len()];
            pet_rows.add(format_args!("{pet_id},{},'{}',{kind},{owner_id}", quoted(pet.name), pet.birth_date));
            for (date, description) in pet.visits {
                visit_rows.add(format_args!("{pet_id},'{date}',{}", quoted(description)));
            }
        }
    }
    for statement in [owner_rows, pet_rows, visit_rows].into_iter().flat_map(|rows| rows.statements) {
        connection.batch_execute(&statement)?;
    }
    schema::search::fill_keys(connection)?;
    Ok(())
}

/// A string literal, for either backend: the words have no backslash.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// INSERT statements of many rows each.
struct Rows {
    target: &'static str,
    statements: Vec<String>,
}

impl Rows {
    fn of(target: &'static str) -> Self {
        Self { target, statements: Vec::new() }
    }

    fn add(&mut self, row: std::fmt::Arguments<'_>) {
        if let Some(statement) = self.statements.last_mut().filter(|statement| statement.len() < STATEMENT) {
            // writing to a String doesn't fail
            let _ = write!(statement, ",({row})");
        } else {
            self.statements.push(format!("INSERT INTO {} VALUES ({row})", self.target));
        }
    }
}
