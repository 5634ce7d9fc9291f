//! Responses: a handler's result as HTML or JSON, with the headers that every response has.

use std::borrow::Cow;
use std::sync::OnceLock;

use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, ETAG, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE, VARY, WWW_AUTHENTICATE,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use warp::reply::Response;

use super::assets::Asset;
use super::compression::Precompressed;
use super::error::{CHALLENGE, Error};
use super::flash::Flash;
use super::form::Form;
use super::i18n::Language;
use super::people;
use super::preferences::RequestPreferences;
use super::source::Source;
use super::templates::Renderer;

const PROBLEM: &str = "application/problem+json";

/// Result of a handler.
#[derive(Debug)]
pub enum Reply {
    /// A page: HTML from the template, or its data as JSON.
    Page {
        /// The template's name, as in `templates/<name>.hbs`.
        template: &'static str,
        /// Data of the template.
        data: Value,
        /// The status for programs where the page is a form that was sent and not saved. People get the form, with 200.
        refused: Option<StatusCode>,
    },
    /// 302 to a path of ours, with a message for the page there.
    Redirect(String, Option<Flash>),
    /// JSON, whatever the client prefers.
    Json(StatusCode, Value),
    /// A resource of the API, with its version and, where it is new, its path.
    Resource {
        /// The resource.
        data: Value,
        /// Version of the row.
        version: Option<String>,
        /// Path of a resource that was created.
        location: Option<String>,
    },
    /// Plain text.
    Text(String),
    /// A status alone.
    Empty(StatusCode),
    /// The methods of a path, for OPTIONS.
    Allow(&'static [Method]),
    /// A file that came with the program.
    Asset {
        /// The file.
        asset: Asset,
        /// Asked for by its hashed name: it never changes.
        immutable: bool,
        /// The client has it.
        not_modified: bool,
    },
}

impl Reply {
    /// A page that shows `data`.
    pub fn page(template: &'static str, data: Value) -> Result<Self, Error> {
        Ok(Self::Page { template, data, refused: None })
    }

    /// A page that shows `data` and, as `form`, a form.
    pub fn form(template: &'static str, mut data: Value, form: &Form) -> Result<Self, Error> {
        data["form"] = json!(form);
        Ok(Self::Page { template, data, refused: form.refused() })
    }

    /// 302 to a path of ours.
    pub fn redirect(to: impl Into<String>) -> Result<Self, Error> {
        Ok(Self::Redirect(to.into(), None))
    }

    /// 302 after a save, with the message that says so.
    pub fn saved(to: impl Into<String>, flash: Flash) -> Result<Self, Error> {
        Ok(Self::Redirect(to.into(), Some(flash)))
    }
}

/// Templates in every language.
pub struct Views {
    source: Source,
    /// Renderers by language, each read when it is first asked for; those of a folder are read again for each page.
    built_in: Vec<OnceLock<Result<Renderer, String>>>,
}

impl Views {
    /// Pages of the templates and messages of `source`.
    pub fn new(source: Source) -> Self {
        Self { source, built_in: Language::all().iter().map(|_| OnceLock::new()).collect() }
    }

    /// Source of templates, messages and assets.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Makes the response of a handler's reply.
    ///
    /// # Errors
    /// [`Error::Render`] if a template fails.
    pub fn reply(&self, reply: Reply, preferences: &RequestPreferences) -> Result<Response, Error> {
        Ok(match reply {
            Reply::Page { mut data, refused: Some(status), .. } if preferences.json => {
                let about = if status == StatusCode::CONFLICT { "changed" } else { "error-422" };
                let mut problem = self.problem(about, status, preferences);
                problem["form"] = data["form"].take();
                negotiated(json_response(status, PROBLEM, &problem))
            }
            Reply::Page { data, .. } if preferences.json => negotiated(json_response(StatusCode::OK, "application/json", &data)),
            Reply::Page { template, data, .. } => {
                let mut response = negotiated(html(StatusCode::OK, self.render(template, data, preferences)?));
                if preferences.flash.is_some() {
                    response.headers_mut().append(SET_COOKIE, HeaderValue::from_static(Flash::CLEAR_COOKIE));
                }
                response
            }
            Reply::Redirect(to, flash) => {
                let mut response = empty(StatusCode::FOUND);
                let location = HeaderValue::try_from(to).map_err(|error| Error::Render(error.to_string()))?;
                response.headers_mut().insert(LOCATION, location);
                if let Some(cookie) = flash.and_then(|flash| HeaderValue::try_from(flash.set_cookie(&preferences.cookies)).ok()) {
                    response.headers_mut().append(SET_COOKIE, cookie);
                }
                response
            }
            Reply::Json(status, data) => json_response(status, "application/json", &data),
            Reply::Resource { data, version, location } => {
                let status = if location.is_some() { StatusCode::CREATED } else { StatusCode::OK };
                let mut response = negotiated(json_response(status, "application/json", &data));
                let tag = version.map(|version| format!("\"{version}\""));
                for (name, value) in [(ETAG, tag), (LOCATION, location)] {
                    if let Some(value) = value {
                        let value = HeaderValue::try_from(value).map_err(|error| Error::Render(error.to_string()))?;
                        response.headers_mut().insert(name, value);
                    }
                }
                response
            }
            Reply::Text(text) => with_type(StatusCode::OK, "text/plain; charset=utf-8", text.into()),
            Reply::Empty(status) => empty(status),
            Reply::Allow(methods) => {
                let mut response = empty(StatusCode::NO_CONTENT);
                response.headers_mut().insert(ALLOW, allow(methods)?);
                response
            }
            Reply::Asset { asset, immutable, not_modified } => asset_response(asset, immutable, not_modified)?,
        })
    }

    /// Makes the response of an error, and logs it if it is our fault.
    pub fn error(&self, error: &Error, preferences: &RequestPreferences) -> Response {
        error.log();
        let status = error.status();
        let about = match error {
            Error::PageTooFar => "error-page-too-far".to_owned(),
            Error::KeyReused => "error-key-reused".to_owned(),
            Error::KeyInFlight => "error-key-in-flight".to_owned(),
            _ => format!("error-{}", status.as_u16()),
        };
        let mut response = if preferences.json {
            let mut problem = self.problem(&about, status, preferences);
            if let Error::Invalid(errors) = error {
                problem["errors"] = errors.clone();
            }
            json_response(status, PROBLEM, &problem)
        } else {
            match self.render(
                "error",
                json!({ "status": status.as_u16(), "about": about, "requestId": preferences.request_id() }),
                preferences,
            ) {
                Ok(page) => html(status, page),
                Err(unrendered) => {
                    unrendered.log();
                    with_type(status, "text/plain; charset=utf-8", self.without_page(status, error, &unrendered).into())
                }
            }
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Error::MethodNotAllowed(methods) = error
            && let Ok(methods) = allow(methods)
        {
            headers.insert(ALLOW, methods);
        }
        // What follows on the connection may be a part of the request that was not understood.
        if matches!(
            status,
            StatusCode::BAD_REQUEST
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::URI_TOO_LONG
                | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        ) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }

    /// Problem details (RFC 9457) in the client's language; `about` is the start of its messages' ids.
    fn problem(&self, about: &str, status: StatusCode, preferences: &RequestPreferences) -> Value {
        let text = |part| {
            let id = format!("{about}-{part}");
            self.with_renderer(preferences, |renderer| Ok(renderer.text(&id))).unwrap_or(id)
        };
        json!({
            "type": "about:blank", "title": text("title"), "status": status.as_u16(), "detail": text("text"),
            "instance": preferences.path, "requestId": preferences.request_id(),
        })
    }

    fn render(&self, template: &str, mut data: Value, preferences: &RequestPreferences) -> Result<String, Error> {
        if let Value::Object(fields) = &mut data {
            let page = json!({
                "section": section(template),
                "flash": preferences.flash.map(Flash::message),
                "query": preferences.query,
                "lastNameFirst": people::last_name_first(Language::all()[preferences.language].tag),
            });
            fields.insert("page".to_owned(), page);
        }
        self.with_renderer(preferences, |renderer| renderer.page(template, data)).map_err(Error::Render)
    }

    fn with_renderer<T>(
        &self,
        preferences: &RequestPreferences,
        work: impl FnOnce(&Renderer) -> Result<T, String>,
    ) -> Result<T, String> {
        let read = || {
            let renderer = Renderer::new(&Language::all()[preferences.language], &self.source);
            renderer.map_err(|error| format!("{error:#}"))
        };
        match self.source {
            Source::BuiltIn => work(self.built_in[preferences.language].get_or_init(read).as_ref().map_err(String::clone)?),
            Source::Folder(_) => work(&read()?),
        }
    }

    /// The text of an error whose page can't be shown; a developer of templates sees the cause.
    fn without_page(&self, status: StatusCode, error: &Error, unrendered: &Error) -> String {
        match self.source {
            Source::BuiltIn => status.as_str().to_owned(),
            Source::Folder(_) => format!("{}: {error}\n{unrendered}\n", status.as_str()),
        }
    }
}

/// The part of the site that a page belongs to, for the navigation.
fn section(template: &str) -> &'static str {
    match template.split('/').next() {
        Some("home") => "home",
        Some("owners" | "pets" | "visits" | "search") => "owners",
        Some("vets") => "vets",
        _ => "",
    }
}

fn with_type(status: StatusCode, kind: &'static str, body: Cow<'static, str>) -> Response {
    let mut response = match body {
        Cow::Borrowed(text) => Response::new(text.into()),
        Cow::Owned(text) => Response::new(text.into()),
    };
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn html(status: StatusCode, page: String) -> Response {
    with_type(status, "text/html; charset=utf-8", page.into())
}

fn json_response(status: StatusCode, kind: &'static str, data: &Value) -> Response {
    with_type(status, kind, data.to_string().into())
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new("".into());
    *response.status_mut() = status;
    response
}

/// Pages show people's data, and one URL has several faces: caches keep them apart, and ask again.
fn negotiated(mut response: Response) -> Response {
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept, accept-encoding, accept-language, cookie"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

fn asset_response(asset: Asset, immutable: bool, not_modified: bool) -> Result<Response, Error> {
    let tag = HeaderValue::try_from(asset.etag()).map_err(|error| Error::Render(error.to_string()))?;
    let lasting = if immutable { "public, max-age=31536000, immutable" } else { "public, no-cache" };
    let mut response =
        if not_modified { empty(StatusCode::NOT_MODIFIED) } else { with_type(StatusCode::OK, asset.kind, asset.content) };
    if let Some(compressed) = asset.compressed {
        response.extensions_mut().insert(Precompressed(compressed));
    }
    response.headers_mut().insert(ETAG, tag);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(lasting));
    Ok(response)
}

fn allow(methods: &[Method]) -> Result<HeaderValue, Error> {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&Method::GET) {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    HeaderValue::try_from(names.join(", ")).map_err(|error| Error::Render(error.to_string()))
}
