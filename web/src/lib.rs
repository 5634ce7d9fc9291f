//! The Petclinic: pages over HTTP, from a database that dbinit prepared.
//!
//! A request comes in through [`routes`], the one table of paths. Its handler gets a [`context::Context`] and gives a
//! [`views::Reply`] or an [`error::Error`]: data and the name of a template, never a response. [`views`] alone decides
//! whether that becomes HTML or JSON, in which language, and with which headers.
//!
//! | module | what |
//! |---|---|
//! | `home`, `owners`, `pets`, `visits`, `vets`, `info` | the pages: handlers, and `form` (what may be entered) and `store` (SQL) beside them |
//! | `router`, `client`, `context`, `form`, `submission`, `flash`, `mac` | from a request to a handler's arguments |
//! | `health`, `long_process` | what operators ask |
//! | `program`, `config`, `server`, `shutdown` | from the start to the last answer |
//! | `access`, `trace`, `limits` (and `limit`, their names), `metrics`, `admin`, `db` | around each request: its log line, its trace, its limits, its counters, its connection |
//! | `views`, `i18n`, `error` | from a handler's result to a response |
//! | `source`, `assets`, `resources` | texts and files that come with the program |

#[macro_use]
pub mod source;

pub mod access;
pub mod admin;
pub mod assets;
pub mod client;
pub mod config;
pub mod context;
pub mod db;
pub mod error;
mod fingerprint;
pub mod flash;
pub mod form;
pub mod health;
pub mod home;
pub mod i18n;
pub mod info;
pub mod limit;
pub mod limits;
pub mod long_process;
pub mod mac;
pub mod metrics;
pub mod owners;
pub mod pets;
pub mod program;
pub mod resources;
#[macro_use]
mod router;
pub mod server;
pub mod shutdown;
pub mod store;
pub mod submission;
pub mod trace;
pub mod vets;
pub mod views;
pub mod visits;

use std::sync::Arc;

use warp::{Filter, Rejection};

use crate::config::Config;
use crate::db::Db;
use crate::health::Health;
pub use crate::router::MatchedRoute;

/// What all requests share. Clones are cheap.
#[derive(Clone)]
pub struct App {
    /// The way to the database.
    pub db: Db,
    /// Liveness and readiness.
    pub health: Health,
    /// What operators alone may do.
    pub admin: admin::Gate,
    /// What cookies are signed with.
    pub cookies: mac::Key,
    /// What a client may take.
    pub limits: Arc<limits::Limits>,
    /// Templates and languages.
    pub views: Arc<views::Views>,
    /// The veterinarians, read at most every few seconds.
    pub vets: Arc<vets::Cache>,
    /// The commit that the program was built from.
    pub commit: Arc<str>,
}

impl App {
    /// The state of a server that works on `db`, as the settings say.
    ///
    /// # Errors
    /// The file of a secret can't be read, or the system has no random numbers.
    pub fn new(db: Db, health: Health, limits: limits::Limits, config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            db,
            health,
            admin: admin::Gate::new(&config.admin)?,
            cookies: config.cookies.key()?,
            limits: Arc::new(limits),
            views: Arc::new(views::Views::new(config.pages.source())),
            vets: Arc::default(),
            commit: config.info.git_commit.clone(),
        })
    }
}

/// THE route table: each path with its methods. HEAD is answered like GET, OPTIONS with `Allow`.
pub fn routes(app: App) -> impl Filter<Extract = (warp::reply::Response,), Error = Rejection> + Clone {
    let table = routes! {
        () => { GET: home::welcome }
        ("owners") => { GET: owners::list }
        ("owners" / "find") => { GET: owners::find }
        ("owners" / "new") => { GET: owners::new_form, POST: owners::create }
        ("owners" / {owner}) => { GET: owners::show }
        ("owners" / {owner} / "edit") => { GET: owners::edit_form, POST: owners::update }
        ("owners" / {owner} / "pets" / "new") => { GET: pets::new_form, POST: pets::create }
        ("owners" / {owner} / "pets" / {pet} / "edit") => { GET: pets::edit_form, POST: pets::update }
        ("owners" / {owner} / "pets" / {pet} / "visits" / "new") => { GET: visits::new_form, POST: visits::create }
        ("vets.html") => { GET: vets::list }
        ("vets") => { GET: vets::json }
        ("oups") => { GET: home::oups }
        ("healthcheck") => { GET: health::check, DELETE: health::switch_down, POST: health::switch_up }
        ("readyz") => { GET: health::ready }
        ("manage" / "health") => { GET: health::ready }
        ("livez") => { GET: health::live }
        ("20process") => { GET: long_process::twenty }
        ("40process") => { GET: long_process::forty }
        ("api" / "info") => { GET: info::show }
        ("openapi.json") => { GET: resources::openapi }
        ("resources" / {file: String}) => { GET: resources::serve }
        ("favicon.ico") => { GET: resources::favicon }
    };
    router::answer(table, app)
}
