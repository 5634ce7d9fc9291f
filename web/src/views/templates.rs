//! Templates in one language.
//!
//! A page is `layout.hbs` around `<name>.hbs`, whose first line is its title. What doesn't depend on data is written into
//! the template when it is read: messages without arguments, names of assets, the layout.

use anyhow::Context as _;
use fluent_bundle::{FluentArgs, FluentValue};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, PathAndJson, RenderContext, RenderError, RenderErrorReason, ScopedJson,
};
use serde_json::Value;
use std::sync::Arc;

use super::assets;
use super::i18n::{Catalogue, Language};
use super::people;
use super::source::{Source, Text};

macro_rules! templates {
    ($($name:literal),+ $(,)?) => { [$(($name, text!("templates/", $name, ".hbs"))),+] };
}

const LAYOUT: Text = text!("templates/layout.hbs");

/// Every page. Another one is a line here and its file.
const PAGES: [(&str, Text); 13] = templates![
    "api",
    "home",
    "error",
    "search",
    "owners/find",
    "owners/list",
    "owners/show",
    "owners/form",
    "pets/form",
    "visits/form",
    "visits/list",
    "vets/list",
    "vets/show",
];

/// Templates that several pages include.
const PARTIALS: [(&str, Text); 6] = templates!["problems", "hidden", "field", "pager", "days", "visits/history"];

/// All templates in one language.
pub(super) struct Renderer {
    templates: Handlebars<'static>,
    catalogue: Arc<Catalogue>,
}

impl Renderer {
    pub(super) fn new(language: &'static Language, source: &Source) -> anyhow::Result<Self> {
        let catalogue = Arc::new(Catalogue::new(language, source)?);
        let mut templates = Handlebars::new();
        templates.set_strict_mode(true);
        templates.register_helper("t", Box::new(Translate(catalogue.clone())));
        let (days, weekdays, times) = (catalogue.clone(), catalogue.clone(), catalogue.clone());
        templates.register_helper("date", Box::new(Written(move |text: &str| days.date(text.parse().ok()?))));
        templates.register_helper("weekday", Box::new(Written(move |text: &str| weekdays.weekday(text.parse().ok()?))));
        templates.register_helper("clock", Box::new(Written(move |text: &str| times.time(text.parse().ok()?))));
        templates.register_helper("phone", Box::new(Written(|number: &str| Some(people::telephone(language.tag, number)))));
        templates.register_helper("fullname", Box::new(Name));
        let settle = |template: &str| settle(template, language, &catalogue, source);
        let mut calls = Vec::with_capacity(PARTIALS.len());
        for (name, text) in PARTIALS {
            let partial = source.read(text)?;
            templates.register_partial(name, settle(&partial).context(text.path)?).context(text.path)?;
            calls.push((format!("{{{{> {name}}}}}\n"), partial));
        }
        let layout = source.read(LAYOUT)?;
        for (name, text) in PAGES {
            let page = source.read(text)?;
            let (title, content) = page.split_once('\n').unwrap_or((&page, ""));
            let page = layout.replace("{{layout title}}", title).replace("{{layout content}}", content);
            // without arguments a partial is a part of the page: handlebars would copy the data to call it
            let page = calls.iter().fold(page, |page, (call, partial)| page.replace(call, partial));
            let page = settle(&page).context(text.path)?;
            templates.register_template_string(name, page).context(text.path)?;
        }
        Ok(Self { templates, catalogue })
    }

    pub(super) fn page(&self, name: &str, data: Value) -> Result<String, String> {
        let context = Context::from(data);
        self.templates.render_with_context(name, &context).map_err(|error| format!("{name}: {error}"))
    }

    /// A message without arguments; its id where there is none.
    pub(super) fn text(&self, id: &str) -> String {
        self.catalogue.text(id, None).unwrap_or_else(|_| id.to_owned())
    }
}

/// Writes what doesn't depend on data into a template.
fn settle(template: &str, language: &Language, catalogue: &Catalogue, source: &Source) -> anyhow::Result<String> {
    let template = template
        .replace("{{language tag}}", language.tag)
        .replace("{{language dir}}", language.dir)
        .replace("{{language switch}}", &switch(language));
    let template = replace_calls(&template, "asset", |name| {
        assets::find(source, name)?.map(|asset| asset.path()).ok_or_else(|| anyhow::anyhow!("no asset {name}"))
    })?;
    replace_calls(&template, "t", |id| match catalogue.text(id, None) {
        Ok(text) => Ok(handlebars::html_escape(&text)),
        Err(error) => anyhow::bail!("{}: {error}", language.tag),
    })
}

/// The links of the footer to every language, which keep the query. Most pages have none, and nine times nothing takes time.
fn switch(current: &Language) -> String {
    let links = |query: &str| -> String {
        let link = |Language { tag, name, dir, .. }: &Language| {
            let here = if *tag == current.tag { " aria-current=\"true\"" } else { "" };
            format!("<li><a href=\"?{query}lang={tag}\" lang=\"{tag}\" hreflang=\"{tag}\" dir=\"{dir}\"{here}>{name}</a></li>")
        };
        Language::all().iter().map(link).collect()
    };
    format!("{{{{#if page.query}}}}{}{{{{else}}}}{}{{{{/if}}}}", links("{{page.query}}"), links(""))
}

/// Replaces every `{{name "argument"}}` by what `value` makes of the argument.
fn replace_calls(source: &str, name: &str, value: impl Fn(&str) -> anyhow::Result<String>) -> anyhow::Result<String> {
    let call = format!("{{{{{name} \"");
    let mut parts = source.split(call.as_str());
    let mut settled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("\"}}") {
            Some((argument, rest)) if !argument.contains('"') => {
                settled.push_str(&value(argument)?);
                settled.push_str(rest);
            }
            _ => {
                settled.push_str(&call);
                settled.push_str(part);
            }
        }
    }
    Ok(settled)
}

/// `{{t "id" name=value …}}`: a message. Several positional values are the id's parts.
struct Translate(Arc<Catalogue>);

impl HelperDef for Translate {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let id: String = helper.params().iter().map(PathAndJson::render).collect();
        let mut args = FluentArgs::with_capacity(helper.hash().len());
        for (name, value) in helper.hash() {
            args.set(*name, fluent_value(value.value()));
        }
        self.0.text(&id, Some(&args)).map(derived).map_err(failed)
    }
}

fn fluent_value(value: &Value) -> FluentValue<'static> {
    match value {
        Value::Number(number) => number.as_f64().map_or(FluentValue::None, FluentValue::from),
        Value::String(text) => FluentValue::from(text.clone()),
        other => FluentValue::from(other.to_string()),
    }
}

/// A helper that writes a text another way: `{{date "2013-01-04"}}` a day, `{{clock "14:05"}}` a time, `{{phone number}}` a
/// telephone number.
struct Written<F>(F);

impl<F: Fn(&str) -> Option<String> + Send + Sync> HelperDef for Written<F> {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let text = helper.param(0).and_then(|param| param.value().as_str());
        text.and_then(&self.0).map(derived).ok_or_else(|| failed(format!("{} can't write its argument", helper.name())))
    }
}

/// `{{fullname person}}`: the full name of an owner or a veterinarian.
struct Name;

impl HelperDef for Name {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let person = helper.param(0).map_or(&Value::Null, PathAndJson::value);
        match (person["firstName"].as_str(), person["lastName"].as_str()) {
            (Some(first), Some(last)) => Ok(derived(people::full_name(first, last))),
            _ => Err(failed("fullname takes a person".to_owned())),
        }
    }
}

fn derived<'rc>(text: String) -> ScopedJson<'rc> {
    ScopedJson::Derived(Value::String(text))
}

fn failed(error: String) -> RenderError {
    RenderErrorReason::Other(error).into()
}
