//! Texts from files, shortened and made safe for error messages.

/// The first 40 characters of a text from a file, control characters escaped: fit for an error message.
pub(crate) fn shorten(text: &str) -> String {
    first(text, 40)
}

/// As [`shorten`], with room for the name of a tensor, which is a path through a net.
pub(crate) fn shorten_name(text: &str) -> String {
    first(text, 120)
}

fn first(text: &str, limit: usize) -> String {
    let mut short = String::new();
    for c in text.chars().take(limit) {
        if c.is_control() {
            short.extend(c.escape_debug());
        } else {
            short.push(c);
        }
    }
    if text.chars().nth(limit).is_some() {
        short.push_str("...");
    }
    short
}

/// A list for an error message, in brackets, the first entries of many.
pub(crate) fn shorten_list<T: std::fmt::Display>(entries: &[T]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = entries
        .iter()
        .take(SHOWN)
        .map(|entry| shorten(&entry.to_string()))
        .collect();
    let rest = entries.len().saturating_sub(SHOWN);
    let more = if rest > 0 {
        format!(", … {rest} more")
    } else {
        String::new()
    };
    format!("[{}{more}]", shown.join(", "))
}
