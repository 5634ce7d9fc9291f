//! Classification of the object store's errors.

use super::error::{ArchiveError, innermost};
use super::s3;

impl From<object_store::Error> for ArchiveError {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error as Store;
        let text = error.to_string();
        // Where instances ask for their role: the last place that is looked at, when nothing names credentials.
        if text.contains("169.254.169.254") {
            return Self::Credentials(String::from(
                "no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, are not \
                 set, and no instance role answers",
            ));
        }
        let code = between(&text, "<Code>", "</Code>");
        let answer = [between(&text, "status code: ", ":"), code].into_iter().flatten().collect::<Vec<_>>().join(" ");
        match &error {
            Store::PermissionDenied { .. } | Store::Unauthenticated { .. } if !answer.is_empty() => {
                Self::Credentials(format!("refuses these credentials, or what they may do: {answer}"))
            }
            Store::NotFound { .. } if !answer.is_empty() => Self::Missing(answer),
            Store::AlreadyExists { .. } | Store::Precondition { .. } | Store::NotModified { .. } => Self::Exists(answer),
            Store::NotImplemented { .. } | Store::NotSupported { .. } => Self::Unsupported(innermost(&error)),
            _ if answer.starts_with("501") => Self::Unsupported(answer),
            _ if !answer.is_empty() => Self::Refused(answer),
            _ => s3::transport(&error).unwrap_or_else(|| Self::Refused(innermost(&error))),
        }
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}
