//! Configuration of lines and words: sudoers, OpenSSH, Apache httpd, nftables, BIND, Unbound, login.conf; and scripts
//! in languages other than the shell's. What separates words, ends a statement, quotes, or begins a comment or a
//! variable is refused; where a format has a way to write a word exactly, its filter does.

use super::{Advice, Checked, Context, Quoting, Refusal, is_control, none_of, not_empty};

fn is_blank_or_control(c: char) -> bool {
    c.is_whitespace() || is_control(c)
}

/// What means itself in and out of strings of any language that begins comments with `#!`.
pub(super) fn script(text: &str) -> Checked {
    not_empty(text)?;
    none_of(text, |c| !(c.is_alphanumeric() || matches!(c, '_' | '+' | '=' | ':' | ',' | '.' | '/' | '-')))
}

/// Whether a JSON text is a string in such languages too: some expand `$`, `@` and `#` in double quotes.
pub(super) fn script_takes_json(text: &str) -> bool {
    text.starts_with('"') && !text.contains(['$', '@', '#', '\\'])
}

/// sudoers(5). No quotes hold everywhere; `ALL` stands for everybody and everything.
pub(super) fn sudoers(text: &str, context: Context<'_>) -> Checked {
    let hopeless = |refusal: Refusal| Refusal { advice: Advice::Value, ..refusal };
    not_empty(text).map_err(hopeless)?;
    none_of(text, |c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@')))
        .map_err(hopeless)?;
    let directive = text.starts_with('@') || text == "Defaults" || text.ends_with("_Alias");
    if text == "ALL" || text.starts_with('-') || (context.may_begin_line() && directive) {
        return Err(Refusal::hopeless("sudo gives the word a meaning of its own"));
    }
    Ok(())
}

/// sshd_config(5), ssh_config(5).
pub(super) fn ssh(text: &str) -> Checked {
    not_empty(text)?;
    none_of(text, |c| is_blank_or_control(c) || matches!(c, '"' | '\'' | '\\' | '#'))
}

/// Apache httpd: `${…}` and `%{…}` are variables, `<` begins a section.
pub(super) fn apache(text: &str, context: Context<'_>) -> Checked {
    not_empty(text)?;
    if text.contains("%{") {
        return Err(Refusal::new("it holds `%{`"));
    }
    none_of(text, |c| is_blank_or_control(c) || matches!(c, '"' | '\'' | '\\' | '<' | '>' | '$'))?;
    if context.may_begin_line() { none_of(text, |c| c == '#') } else { Ok(()) }
}

pub(super) fn quote_apache(text: &str) -> Quoting {
    if text.contains("${") || text.contains("%{") {
        return Err(Refusal::hopeless("it holds a variable, which Apache expands in quotes too"));
    }
    one_line(text)?;
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// nft(8): a word such as a name, an address, a port.
pub(super) fn nft(text: &str) -> Checked {
    not_empty(text)?;
    none_of(text, |c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/')))
}

/// BIND's named.conf(5): a comment begins with `#`, `//` or `/*`.
pub(super) fn named(text: &str) -> Checked {
    not_empty(text)?;
    if text.contains("//") || text.contains("/*") {
        return Err(Refusal::new("it holds a mark of a comment"));
    }
    none_of(text, |c| {
        is_blank_or_control(c) || matches!(c, '"' | '\'' | '\\' | '#' | ';' | '{' | '}' | '!' | '*')
    })
}

/// unbound.conf(5).
pub(super) fn unbound(text: &str) -> Checked {
    not_empty(text)?;
    if text.ends_with(':') {
        return Err(Refusal::new("it ends with `:`, as a keyword does"));
    }
    none_of(text, |c| is_blank_or_control(c) || matches!(c, '"' | '\'' | '\\' | '#'))
}

/// A word in double quotes, for formats in which nothing escapes inside them.
pub(super) fn quote_bare(text: &str) -> Quoting {
    one_line(text)?;
    match text.chars().find(|c| matches!(c, '"' | '\\')) {
        Some(c) => Err(Refusal { advice: Advice::Value, ..Refusal::character(c) }),
        None => Ok(format!("\"{text}\"")),
    }
}

/// login.conf(5), getcap(3): capabilities end with `:`, lists have `,` and blanks.
pub(super) fn login_conf(text: &str) -> Checked {
    not_empty(text)?;
    none_of(text, |c| is_blank_or_control(c) || matches!(c, ':' | '\\' | '^' | '|' | ',' | '#' | '='))
}

pub(super) fn quote_login_conf(text: &str) -> Quoting {
    one_line(text)?;
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ':' => quoted.push_str("\\c"),
            '\\' | '^' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    Ok(quoted)
}

fn one_line(text: &str) -> Result<(), Refusal> {
    match text.chars().find(|c| is_control(*c)) {
        Some(c) => Err(Refusal { advice: Advice::Value, ..Refusal::character(c) }),
        None => Ok(()),
    }
}
