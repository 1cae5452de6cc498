//! "Did you mean": the known name nearest to one that is unknown.

pub(crate) use cmc_types::nearest::nearest;

/// A "did you mean" sentence, or the list of what there is if it is short.
pub(crate) fn help<'a>(given: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(name) = nearest(given, known.clone()) {
        return Some(format!("did you mean {name:?}?"));
    }
    let mut all: Vec<&str> = known.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    (1..=8).contains(&all.len()).then(|| format!("there are: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_corrected_and_another_word_is_not() {
        assert_eq!(nearest("nignx", ["api", "nginx"]), Some("nginx"));
        assert_eq!(nearest("database", ["api", "nginx"]), None);
        assert_eq!(help("x9", ["api", "nginx"]).as_deref(), Some("there are: api, nginx"));
    }
}
