//! Petclinic's well-known data: what every visitor of the original has met first.

use chrono::NaiveDate;
use diesel::prelude::*;

use schema::database::Connection;
use schema::tables::{owner, pet, pet_type, specialty, vet, vet_specialty, visit};

/// id, first name, last name
const VETS: [(i32, &str, &str); 6] = [
    (1, "James", "Carter"),
    (2, "Helen", "Leary"),
    (3, "Linda", "Douglas"),
    (4, "Rafael", "Ortega"),
    (5, "Henry", "Stevens"),
    (6, "Sharon", "Jenkins"),
];

/// id, name
const SPECIALTIES: [(i32, &str); 3] = [(1, "radiology"), (2, "surgery"), (3, "dentistry")];

/// vet, specialty
const VET_SPECIALTIES: [(i32, i32); 5] = [(2, 1), (3, 2), (3, 3), (4, 2), (5, 1)];

/// id, name
const PET_TYPES: [(i32, &str); 6] = [(1, "cat"), (2, "dog"), (3, "lizard"), (4, "snake"), (5, "bird"), (6, "hamster")];

/// id, first name, last name, address, city, telephone
const OWNERS: [(i32, &str, &str, &str, &str, &str); 10] = [
    (1, "George", "Franklin", "110 W. Liberty St.", "Madison", "6085551023"),
    (2, "Betty", "Davis", "638 Cardinal Ave.", "Sun Prairie", "6085551749"),
    (3, "Eduardo", "Rodriquez", "2693 Commerce St.", "McFarland", "6085558763"),
    (4, "Harold", "Davis", "563 Friendly St.", "Windsor", "6085553198"),
    (5, "Peter", "McTavish", "2387 S. Fair Way", "Madison", "6085552765"),
    (6, "Jean", "Coleman", "105 N. Lake St.", "Monona", "6085552654"),
    (7, "Jeff", "Black", "1450 Oak Blvd.", "Monona", "6085555387"),
    (8, "Maria", "Escobito", "345 Maple St.", "Madison", "6085557683"),
    (9, "David", "Schroeder", "2749 Blackhawk Trail", "Madison", "6085559435"),
    (10, "Carlos", "Estaban", "2335 Independence La.", "Waunakee", "6085555487"),
];

/// id, name, birth date, type, owner
const PETS: [(i32, &str, NaiveDate, i32, i32); 13] = [
    (1, "Leo", date(2010, 9, 7), 1, 1),
    (2, "Basil", date(2012, 8, 6), 6, 2),
    (3, "Rosy", date(2011, 4, 17), 2, 3),
    (4, "Jewel", date(2010, 3, 7), 2, 3),
    (5, "Iggy", date(2010, 11, 30), 3, 4),
    (6, "George", date(2010, 1, 20), 4, 5),
    (7, "Samantha", date(2012, 9, 4), 1, 6),
    (8, "Max", date(2012, 9, 4), 1, 6),
    (9, "Lucky", date(2011, 8, 6), 5, 7),
    (10, "Mulligan", date(2007, 2, 24), 2, 8),
    (11, "Freddy", date(2010, 3, 9), 5, 9),
    (12, "Lucky", date(2010, 6, 24), 2, 10),
    (13, "Sly", date(2012, 6, 8), 1, 10),
];

/// id, pet, date, description
const VISITS: [(i32, i32, NaiveDate, &str); 4] = [
    (1, 7, date(2013, 1, 1), "rabies shot"),
    (2, 8, date(2013, 1, 2), "rabies shot"),
    (3, 8, date(2013, 1, 3), "neutered"),
    (4, 7, date(2013, 1, 4), "spayed"),
];

const fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

/// Whether nobody has put anything into the tables yet.
pub(crate) fn tables_are_empty(connection: &mut Connection) -> QueryResult<bool> {
    let owner: Option<i32> = owner::table.select(owner::id).first(connection).optional()?;
    let vet: Option<i32> = vet::table.select(vet::id).first(connection).optional()?;
    let pet_type: Option<i32> = pet_type::table.select(pet_type::id).first(connection).optional()?;
    let specialty: Option<i32> = specialty::table.select(specialty::id).first(connection).optional()?;
    Ok(owner.is_none() && vet.is_none() && pet_type.is_none() && specialty.is_none())
}

/// Inserts all of it, row by row (one statement for several rows is not the same on every backend). The caller's
/// transaction makes it all or nothing.
pub(crate) fn insert(connection: &mut Connection) -> QueryResult<()> {
    insert_vets(connection)?;
    for (id, name) in PET_TYPES {
        let row = (pet_type::id.eq(id), pet_type::name.eq(name));
        diesel::insert_into(pet_type::table).values(row).execute(connection)?;
    }
    for (id, first, last, address, city, telephone) in OWNERS {
        let row = (
            owner::id.eq(id),
            owner::first_name.eq(first),
            owner::last_name.eq(last),
            owner::address.eq(address),
            owner::city.eq(city),
            owner::telephone.eq(telephone),
        );
        diesel::insert_into(owner::table).values(row).execute(connection)?;
    }
    for (id, name, birth_date, type_id, owner_id) in PETS {
        let row = (
            pet::id.eq(id),
            pet::name.eq(name),
            pet::birth_date.eq(birth_date),
            pet::type_id.eq(type_id),
            pet::owner_id.eq(owner_id),
        );
        diesel::insert_into(pet::table).values(row).execute(connection)?;
    }
    for (id, pet, date, description) in VISITS {
        let row = (visit::id.eq(id), visit::pet_id.eq(pet), visit::visit_date.eq(date), visit::description.eq(description));
        diesel::insert_into(visit::table).values(row).execute(connection)?;
    }
    Ok(())
}

fn insert_vets(connection: &mut Connection) -> QueryResult<()> {
    for (id, first, last) in VETS {
        let row = (vet::id.eq(id), vet::first_name.eq(first), vet::last_name.eq(last));
        diesel::insert_into(vet::table).values(row).execute(connection)?;
    }
    for (id, name) in SPECIALTIES {
        let row = (specialty::id.eq(id), specialty::name.eq(name));
        diesel::insert_into(specialty::table).values(row).execute(connection)?;
    }
    for (vet, specialty) in VET_SPECIALTIES {
        let row = (vet_specialty::vet_id.eq(vet), vet_specialty::specialty_id.eq(specialty));
        diesel::insert_into(vet_specialty::table).values(row).execute(connection)?;
    }
    Ok(())
}
