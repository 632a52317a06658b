//! What is wrong with a style sheet or a script: file, line and column, the line itself with a caret.

/// `file:line:column: message`, and the line below it; line and column count from one.
pub(super) fn told(file: &str, text: &str, line: usize, column: usize, message: &str) -> String {
    /// Minified files have lines of many kilobytes.
    const BEFORE: usize = 60;
    const WIDEST: usize = 100;
    let head = format!("{file}:{line}:{column}: {message}");
    let Some(source) = text.lines().nth(line.saturating_sub(1)).filter(|source| !source.trim().is_empty())
    else {
        return head;
    };
    let column = column.saturating_sub(1);
    let skipped = column.saturating_sub(BEFORE);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let source: String = source.chars().skip(skipped).take(WIDEST).map(plain).collect();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let indent = " ".repeat(column - skipped);
    format!("{head}\n{margin} |\n{number} | {}\n{margin} | {indent}^", source.trim_end())
}
