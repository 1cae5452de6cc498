//! "Did you mean": the nearest of some names.

/// Other names that people know things by.
const ALIASES: [(&str, &str); 5] =
    [("amd64", "x86_64"), ("x64", "x86_64"), ("arm64", "aarch64"), ("i386", "i686"), ("x86", "i686")];

/// The candidate that a misspelt word, or another name of it, most likely stands for; `None` if none is near.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let candidates: Vec<_> = candidates.into_iter().collect();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == word).map(|(_, name)| *name);
    let known = candidates.iter().copied().find(|candidate| Some(*candidate) == alias);
    // People who write `restart_delay` or `Restart` know the key.
    known.or_else(|| cmc_types::nearest::nearest(&normal(word), candidates))
}

/// How much a word resembles the nearest of the candidates, from 0 to 1.
pub(super) fn resemblance<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> f64 {
    let word = normal(word);
    candidates
        .into_iter()
        .map(|candidate| strsim::normalized_damerau_levenshtein(&word, &normal(candidate)))
        .fold(0.0, f64::max)
}

fn normal(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let keys = ["restart", "restart-delay", "stop-timeout", "user"];
        assert_eq!(nearest("restrat", keys), Some("restart"));
        assert_eq!(nearest("restart_delay", keys), Some("restart-delay"));
        assert_eq!(nearest("User", keys), Some("user"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("amd64", ["x86_64", "armv7l"]), Some("x86_64"));
    }
}
