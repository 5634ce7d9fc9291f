//! The Petclinic: pages over HTTP, from a database that dbinit prepared.
//!
//! A request passes the modules in this order, and each imports only from those below it:
//!
//! | module | contents |
//! |---|---|
//! | `program`, `config`, `shutdown` | settings, start and end of the program |
//! | `server` | accepts connections and serves HTTP |
//! | `middleware` | layers around every request: access log, client address, cross-site check, limits, timeouts |
//! | [`routes`] | the table of paths, at the end of this page |
//! | `pages`, `api`, `admin` | handlers: pages for people, answers for programs, the admin port |
//! | `app` | the state that requests share, extractors, authorization, health, the router |
//! | `db` | the pool, its deadlines, and the log of outages |
//! | `views` | a handler's result as a response: templates, languages, forms, cookies, assets |
//! | `telemetry` | metrics and traces |
//!
//! A handler gets a [`app::extract::Context`] and returns a [`views::Reply`] or a [`views::Error`]: data and the name of a template,
//! never a response. [`views`] alone decides whether that becomes HTML or JSON, in which language, and with which headers.

pub mod admin;
pub mod api;
#[macro_use]
pub mod app;
pub mod config;
pub mod db;
pub mod middleware;
pub mod pages;
pub mod program;
pub mod server;
pub mod shutdown;
pub mod telemetry;
pub mod views;

use warp::{Filter, Rejection};

use crate::api::{health, info, lists, long_process, openapi};
use crate::app::{App, router};
use crate::pages::{assets, home, owners, pets, search, vets, visits};

/// The route table: each path with its methods. HEAD is answered like GET, OPTIONS with `Allow`.
pub fn routes(app: App) -> (impl Filter<Extract = (warp::reply::Response,), Error = Rejection> + Clone, router::Templates) {
    let (table, templates) = routes! {
        () => { GET: home::welcome }
        ("owners") => { GET: owners::list }
        ("owners" / "find") => { GET: owners::find }
        ("owners" / "new") => { GET: owners::new_form, POST: owners::create }
        ("owners" / {owner}) => { GET: owners::show }
        ("owners" / {owner} / "edit") => { GET: owners::edit_form, POST: owners::update }
        ("owners" / {owner} / "pets" / "new") => { GET: pets::new_form, POST: pets::create }
        ("owners" / {owner} / "pets" / {pet} / "edit") => { GET: pets::edit_form, POST: pets::update }
        ("owners" / {owner} / "pets" / {pet} / "visits") => { GET: visits::list }
        ("owners" / {owner} / "pets" / {pet} / "visits" / "new") => { GET: visits::new_form, POST: visits::create }
        ("owners" / {owner} / "pets" / {pet} / "visits" / {visit} / "edit") => { GET: visits::edit_form, POST: visits::update }
        ("owners" / {owner} / "pets" / {pet} / "visits" / {visit} / "status") => { POST: visits::set_status }
        ("search") => { GET: search::show }
        ("vets.html") => { GET: vets::list }
        ("vets") => { GET: vets::json }
        ("vets" / {vet}) => { GET: vets::show }
        ("oups") => { GET: home::oups }
        ("healthcheck") => { GET: health::check, DELETE: health::switch_down, POST: health::switch_up }
        ("readyz") => { GET: health::ready }
        ("manage" / "health") => { GET: health::ready }
        ("livez") => { GET: health::live }
        ("20process") => { GET: long_process::twenty }
        ("40process") => { GET: long_process::forty }
        ("api") => { GET: openapi::page }
        ("api" / "info") => { GET: info::show }
        ("api" / "owners") => { GET: api::owners::index, POST: api::owners::create }
        ("api" / "owners" / {owner}) => { GET: api::owners::show, PUT: api::owners::update, DELETE: api::owners::delete }
        ("api" / "owners" / {owner} / "pets") => { GET: api::pets::index, POST: api::pets::create }
        ("api" / "owners" / {owner} / "pets" / {pet}) => { GET: api::pets::show, PUT: api::pets::update, DELETE: api::pets::delete }
        ("api" / "owners" / {owner} / "pets" / {pet} / "visits") => { GET: api::visits::index, POST: api::visits::create }
        ("api" / "owners" / {owner} / "pets" / {pet} / "visits" / {visit}) => { GET: api::visits::show, PUT: api::visits::update, DELETE: api::visits::delete }
        ("api" / "vets") => { GET: lists::vets }
        ("api" / "vets" / {vet}) => { GET: lists::vet }
        ("api" / "pet-types") => { GET: lists::pet_types }
        ("api" / "pet-types" / {pet_type}) => { GET: lists::pet_type }
        ("api" / "specialties") => { GET: lists::specialties }
        ("api" / "specialties" / {specialty}) => { GET: lists::specialty }
        ("openapi.json") => { GET: openapi::show }
        ("resources" / {file: String}) => { GET: assets::serve }
        ("favicon.ico") => { GET: assets::favicon }
    };
    (router::answer(table, app), templates)
}
