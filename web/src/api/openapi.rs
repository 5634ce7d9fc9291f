//! The description of the API: as a document, and as a page.

use serde_json::{Value, json};

use crate::app::extract::Context;
use crate::pages::assets;
use crate::views::{Error, Reply};

const DOCUMENT: &str = "openapi.json";

/// `GET /openapi.json`
pub async fn show(cx: Context) -> Result<Reply, Error> {
    assets::serve(cx, DOCUMENT.to_owned()).await
}

/// `GET /api`
pub async fn page(cx: Context) -> Result<Reply, Error> {
    let asset = crate::views::assets::find(cx.app.views.source(), DOCUMENT);
    let asset = asset.map_err(|error| Error::Render(format!("{error:#}")))?.ok_or(Error::NotFound)?;
    let document: Value = serde_json::from_str(&asset.content).map_err(|error| Error::Render(error.to_string()))?;
    let groups: Vec<Value> = array(&document["tags"]).map(|tag| group(&document, tag)).collect();
    Reply::page("api", json!({ "document": DOCUMENT, "groups": groups }))
}

/// A tag with its operations.
fn group(document: &Value, tag: &Value) -> Value {
    let paths = document["paths"].as_object().into_iter().flatten();
    let methods = paths.flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |method| (path, item, method)));
    let of_tag = methods.filter(|(_, _, (_, operation))| operation["tags"][0] == tag["name"]);
    let operations: Vec<Value> = of_tag.map(|(path, item, (method, of))| operation(document, path, item, method, of)).collect();
    json!({ "name": tag["name"], "operations": operations })
}

fn operation(document: &Value, path: &str, item: &Value, method: &str, operation: &Value) -> Value {
    let parameters = array(&item["parameters"]).chain(array(&operation["parameters"])).map(|parameter| {
        let parameter = resolve(document, parameter);
        let part = |name: &str| parameter[name].as_str().unwrap_or_default();
        let required = if parameter["required"] == true { ", required" } else { "" };
        json!({ "name": part("name"), "in": format!("{}{required}", part("in")), "description": part("description") })
    });
    let contents = resolve(document, &operation["requestBody"])["content"].as_object().into_iter().flatten();
    let example =
        contents.map(|(_, content)| &resolve(document, &content["schema"])["example"]).find(|example| !example.is_null());
    json!({
        "id": operation["operationId"],
        "method": method.to_uppercase(),
        "path": path,
        "summary": operation["summary"],
        "parameters": parameters.collect::<Vec<_>>(),
        "example": example.and_then(|example| serde_json::to_string_pretty(example).ok()),
        "statuses": operation["responses"].as_object().into_iter().flat_map(|responses| responses.keys()).collect::<Vec<_>>(),
    })
}

/// Follows a reference within the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    target.unwrap_or(value)
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
