//! A clinic of a test's own: the server in this process on a free port, on a fresh database with the seed data.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use clap::Parser;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::{Method, StatusCode};
use runtime::settings::Secret;
use schema::database::DatabaseUrl;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use web::app::App;
use web::app::auth::AdminAuth;
use web::app::health::Health;
use web::config::Config;
use web::db::Db;
use web::middleware::{self, access_log};
use web::server::Server;
use web::shutdown::Draining;
use web::telemetry::metrics::Metrics;
use web::telemetry::tracing::Traces;
use web::views::source::Source;
use web::views::{Views, assets};

/// Makes a test for each backend out of `fn name(clinic: &Clinic)`.
macro_rules! on_both {
    ($( $(#[$doc:meta])* fn $name:ident($clinic:ident) $body:block )+) => {$(
        $(#[$doc])*
        fn $name($clinic: &crate::support::Clinic) $body

        mod $name {
            #[test]
            fn on_sqlite() {
                super::$name(&crate::support::Clinic::on_sqlite());
            }

            #[test]
            fn on_mysql() {
                super::$name(&crate::support::Clinic::on_mysql());
            }
        }
    )+};
}

/// A running server and a browser of sorts: it keeps cookies, and shows redirects instead of following them.
pub(crate) struct Clinic {
    base: String,
    url: String,
    client: Client,
    // in the order of their end: nothing may use the database when it goes
    _runtime: Runtime,
    _database: Mutex<Box<dyn Send>>,
}

impl Clinic {
    pub(crate) fn on_sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("petclinic.db").display());
        Self::start(&url, directory, None)
    }

    pub(crate) fn on_mysql() -> Self {
        let database = testkit::mysql::database();
        let url = database.url.clone();
        Self::start(&url, database, None)
    }

    /// With a token that operators need.
    pub(crate) fn with_admin_token(token: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("petclinic.db").display());
        Self::start(&url, directory, Some(runtime::settings::secret(token).unwrap()))
    }

    fn start(database_url: &str, database: impl Send + 'static, admin_token: Option<Secret>) -> Self {
        let url: DatabaseUrl = database_url.parse().unwrap();
        let mut connection = schema::database::connect(&url).unwrap();
        dbinit::prepare(&mut connection, Duration::from_secs(30)).unwrap();

        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (metrics, _) = Metrics::new();
        // the times are those of a machine that does much else
        let settings = "web --database-url sqlite:another --database-max-connections 4 --database-acquire-timeout 50s --database-timeout 60s \
                        --request-timeout 70s --body-timeout 70s --time-zone Asia/Seoul";
        let mut config = Config::parse_from(settings.split_whitespace());
        config.admin.admin_token = admin_token;
        let db = Db::new(url, &config.pool, metrics.clone());
        let app = App {
            db: db.clone(),
            health: Health::new(db, Draining::default()),
            admin: AdminAuth::new(&config.admin),
            cookies: config.cookies.key().unwrap(),
            views: Arc::new(Views::new(config.pages.source())),
            cached_vets: Arc::default(),
            idempotency_keys: Arc::default(),
            day: Arc::default(),
            time_zone: config.time_zone,
            commit: config.git_commit,
        };
        // the test is the proxy that tells whether the browser's connection is encrypted
        config.client.trusted_proxies = "127.0.0.1".parse().unwrap();
        let (routes, templates) = web::routes(app.clone());
        let routes = warp::service(routes);
        let service =
            middleware::stack(routes, templates, &app, config.limits, config.client, Traces::default(), metrics.clone());
        let on_protocol_error = Some(access_log::on_protocol_error as _);
        let server = Server::new(listener, service, Draining::default(), &config.server, metrics, on_protocol_error);
        runtime.spawn(server.run(std::future::pending::<()>()));
        let client = testkit::http::builder().cookie_store(true).build().unwrap();
        Self { base, url: database_url.to_owned(), client, _runtime: runtime, _database: Mutex::new(Box::new(database)) }
    }

    /// The URL of the database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Address of the server.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// A request to a path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// GET, with its status and its text.
    pub(crate) fn get(&self, path: &str) -> Page {
        Page::of(self.request(Method::GET, path).send().unwrap())
    }

    /// GET of JSON.
    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        let response = self.request(Method::GET, path).header("accept", "application/json").send().unwrap();
        assert_eq!(response.headers()["content-type"], "application/json", "{path}");
        response.json().unwrap()
    }

    /// POST of a form.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        Page::of(self.request(Method::POST, path).form(fields).send().unwrap())
    }

    /// POST of a form that is saved; gives the page that the redirect leads to.
    #[track_caller]
    pub(crate) fn save(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let saved = self.post(path, fields);
        assert_eq!(saved.status, StatusCode::FOUND, "{}", saved.text);
        self.get(saved.location())
    }
}

/// A response with its text read.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn of(response: Response) -> Self {
        Self { status: response.status(), headers: response.headers().clone(), text: response.text().unwrap() }
    }

    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "no {text:?} in {}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn lacks(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "{text:?} in {}", self.text);
        self
    }

    /// The value of a field as it is shown, with character references resolved.
    #[track_caller]
    pub(crate) fn value(&self, field: &str) -> String {
        let at = self.text.find(&format!("name=\"{field}\" type=")).unwrap_or_else(|| panic!("no {field} in {}", self.text));
        let rest = &self.text[at..];
        let value = rest.split_once("value=\"").unwrap().1.split_once('"').unwrap().0;
        unescape(value)
    }

    /// The value of a field that is not shown.
    #[track_caller]
    pub(crate) fn hidden(&self, field: &str) -> String {
        let start = format!("<input type=\"hidden\" name=\"{field}\" value=\"");
        let rest = self.text.split_once(&start).unwrap_or_else(|| panic!("no {field} in {}", self.text)).1;
        unescape(rest.split_once('"').unwrap().0)
    }

    /// Returns true if the page says what is wrong with a field, next to it and in the summary.
    #[track_caller]
    pub(crate) fn refuses(&self, field: &str, problem: &str) -> &Self {
        let at_field =
            self.text.split_once(&format!("id=\"{field}-problem\"")).unwrap_or_else(|| panic!("{field} is fine: {}", self.text));
        let message = at_field.1.split_once("</p>").unwrap().0;
        assert!(message.contains(problem), "{field}: {message}");
        self.shows(&format!("<a href=\"#{field}\">"))
    }

    /// The page without what changes from day to day or from style sheet to style sheet.
    pub(crate) fn snapshot(&self) -> String {
        let today = today().to_string();
        let mut text = self.text.replace(&today, "TODAY");
        for (name, kind) in
            [("style", "css"), ("search", "js"), ("icons", "svg"), ("favicon", "svg"), ("welcome", "svg"), ("lost", "svg")]
        {
            let path = assets::find(&Source::BuiltIn, &format!("{name}.{kind}")).unwrap().unwrap().path();
            text = text.replace(&path, &format!("/resources/{name}.HASH.{kind}"));
        }
        if text.contains("name=\"token\"") {
            text = text.replace(&self.hidden("token"), "TOKEN");
        }
        if let Some(id) = self.headers.get("x-request-id") {
            text = text.replace(id.to_str().unwrap(), "REQUEST");
        }
        text
    }
}

/// Today in the time zone of the tests' clinics.
pub(crate) fn today() -> chrono::NaiveDate {
    chrono::Utc::now().with_timezone(&chrono_tz::Asia::Seoul).date_naive()
}

fn unescape(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x60;", "`"), ("&#x3D;", "="), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character))
}

/// A clinic for tests that only read.
pub(crate) fn shared() -> &'static Clinic {
    static CLINIC: OnceLock<Clinic> = OnceLock::new();
    CLINIC.get_or_init(Clinic::on_sqlite)
}
