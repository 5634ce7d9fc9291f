//! The tables as diesel knows them. Only `dbinit` creates or alters one.
//!
//! Names, addresses and descriptions hold up to [`TEXT_CHARS`] characters, a telephone number [`TELEPHONE_CHARS`]; the
//! database refuses longer ones. A pet's name is unique within its owner (`pet_name_within_owner`), case ignored.

// diesel's macro makes public items without documentation
#![allow(missing_docs)]

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

/// Characters that a name, an address, a city or a description may have.
pub const TEXT_CHARS: usize = 255;

/// Characters that a telephone number may have.
pub const TELEPHONE_CHARS: usize = 20;

/// Characters that the note of a visit may have.
pub const NOTE_CHARS: usize = 2000;

/// The states of a visit: one after the other, and the last one instead of any.
pub const STATUSES: [&str; 4] = ["booked", "arrived", "done", "cancelled"];

table! {
    vet (id) {
        id -> Integer,
        first_name -> Text,
        last_name -> Text,
    }
}

table! {
    specialty (id) {
        id -> Integer,
        name -> Text,
    }
}

table! {
    vet_specialty (vet_id, specialty_id) {
        vet_id -> Integer,
        specialty_id -> Integer,
    }
}

table! {
    pet_type (id) {
        id -> Integer,
        name -> Text,
    }
}

table! {
    owner (id) {
        id -> Integer,
        first_name -> Text,
        last_name -> Text,
        address -> Text,
        city -> Text,
        telephone -> Text,
        /// Search key of "last first" name; maintained by the schema, never written.
        name_key -> Nullable<Text>,
        /// Search key of "first last" name; maintained by the schema, never written.
        given_name_key -> Nullable<Text>,
        /// Leading consonants of a Korean name; maintained by the schema, never written.
        initials -> Nullable<Text>,
    }
}

table! {
    pet (id) {
        id -> Integer,
        name -> Text,
        birth_date -> Date,
        type_id -> Integer,
        owner_id -> Integer,
    }
}

table! {
    visit (id) {
        id -> Integer,
        pet_id -> Integer,
        visit_date -> Date,
        visit_time -> Nullable<Time>,
        vet_id -> Nullable<Integer>,
        /// One of `STATUSES`.
        status -> Text,
        description -> Text,
        note -> Nullable<Text>,
    }
}

table! {
    idempotency_key (token) {
        token -> Text,
        location -> Text,
        /// Seconds since 1970.
        saved_at -> BigInt,
    }
}

joinable!(vet_specialty -> vet (vet_id));
joinable!(vet_specialty -> specialty (specialty_id));
joinable!(pet -> pet_type (type_id));
joinable!(pet -> owner (owner_id));
joinable!(visit -> pet (pet_id));
joinable!(visit -> vet (vet_id));

allow_tables_to_appear_in_same_query!(vet, specialty, vet_specialty, pet_type, owner, pet, visit);
