//! Where in a JSON document a place lies: its path, by which a program that generated the document can find it.

use super::json;
use jsonc_parser::ast;
use jsonc_parser::common::Ranged;

/// A JSON document in which places are looked up.
#[derive(Debug)]
pub struct JsonPaths<'t> {
    root: ast::Value<'t>,
    /// Bytes before the document: a byte order mark.
    offset: usize,
}

impl<'t> JsonPaths<'t> {
    /// Reads a document; nothing if the text is none.
    pub fn read(text: &'t str) -> Option<Self> {
        let document = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = json::ast(document).ok()?.value?;
        Some(Self { root, offset: text.len() - document.len() })
    }

    /// The path of the key or value at a byte of the text, written as the keys of a TOML file are: `host.web1.tags[0]`,
    /// `service.api.file."/etc/api.conf".mode`. Nothing if none stands there.
    pub fn at(&self, byte: usize) -> Option<String> {
        let at = byte.checked_sub(self.offset)?;
        let mut value = &self.root;
        let mut path = String::new();
        loop {
            value = match value {
                ast::Value::Object(object) => {
                    let Some(property) = object.properties.iter().find(|one| holds(*one, at)) else { break };
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&key(property.name.as_str()));
                    &property.value
                }
                ast::Value::Array(array) => {
                    let Some(index) = array.elements.iter().position(|one| holds(one, at)) else { break };
                    path.push_str(&format!("[{index}]"));
                    &array.elements[index]
                }
                _ => break,
            };
        }
        (!path.is_empty()).then_some(path)
    }
}

fn holds(part: &impl Ranged, at: usize) -> bool {
    (part.start()..part.end()).contains(&at)
}

/// A key, in quotes where TOML wants them.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { format!("{name:?}") }
}

#[cfg(test)]
mod tests {
    use super::JsonPaths;

    const TEXT: &str =
        r#"{"service": {"a.b": {"file": {"/etc/x": {"mode": "0999"}}, "on": ["@all", "web 1"]}}}"#;

    fn path(word: &str) -> Option<String> {
        JsonPaths::read(TEXT).unwrap().at(TEXT.find(word).unwrap())
    }

    #[test]
    fn a_place_in_a_document_has_the_path_of_its_key_or_value() {
        assert_eq!(path("\"0999\"").unwrap(), r#"service."a.b".file."/etc/x".mode"#);
        assert_eq!(path("\"mode\"").unwrap(), r#"service."a.b".file."/etc/x".mode"#);
        assert_eq!(path("web 1").unwrap(), r#"service."a.b".on[1]"#);
        assert_eq!(path("\"service\"").unwrap(), "service");
    }

    #[test]
    fn what_is_no_json_or_outside_of_it_has_no_path() {
        let paths = JsonPaths::read(TEXT).unwrap();
        assert_eq!(paths.at(0), None);
        assert_eq!(paths.at(10_000), None);
        assert!(JsonPaths::read("{").is_none());
        assert!(JsonPaths::read("").is_none());
    }

    #[test]
    fn a_byte_order_mark_is_counted() {
        let text = format!("\u{feff}{TEXT}");
        let paths = JsonPaths::read(&text).unwrap();
        assert_eq!(paths.at(text.find("web 1").unwrap()).unwrap(), r#"service."a.b".on[1]"#);
        assert_eq!(paths.at(0), None);
    }
}
