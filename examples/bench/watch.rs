//! Times how long a save takes to show: from the write of one file to the new bytes of the page that somebody looks at, by
//! `aither watch` and by `hugo server`.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::sites::{Contender, Site, Workshop};

/// No server takes this long.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the page is asked for. Each answer costs the server something, so not all the time.
const PAUSE: Duration = Duration::from_millis(2);
/// After a page has been seen, the rest of the site is given this long before the next save.
const REST: Duration = Duration::from_millis(2_500);

/// What is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Save {
    Template,
    Partial,
    Content,
    Overlay,
}

impl Save {
    const ALL: [Self; 4] = [Self::Template, Self::Partial, Self::Content, Self::Overlay];

    fn name(self) -> &'static str {
        match self {
            Self::Template => "layout",
            Self::Partial => "partial",
            Self::Content => "content page",
            Self::Overlay => "course overlay",
        }
    }

    /// The ratio to Hugo that is aimed at.
    fn aim(self) -> f64 {
        match self {
            Self::Template | Self::Partial => 0.3,
            Self::Content | Self::Overlay => 0.1,
        }
    }
}

/// A server that ends with its measurement.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures one number of courses and prints its table.
pub(crate) fn table(workshop: &Workshop, contenders: &[Contender], runs: usize) -> Result<(), String> {
    println!("\n{} courses, watched: ms from a save to the new page, median of {runs}\n", workshop.courses());
    println!("| saved | aither | Hugo | ratio | aim |");
    println!("|---|---:|---:|---:|---:|");
    let mut sites = Vec::new();
    for contender in contenders {
        let mut site = workshop.site(contender)?;
        let servers = Server::start(contender, &mut site)?;
        sites.push((contender, site, servers));
    }
    for save in Save::ALL {
        let mut medians = Vec::new();
        for (contender, site, server) in &sites {
            let mut times = Vec::new();
            // The first save warms what the server keeps; it does not count.
            for number in 0..=runs {
                let time = server.time(contender, site, save, number)?;
                times.extend((number > 0).then_some(time));
            }
            times.sort();
            medians.push(times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e3);
        }
        let own = medians.first().copied().unwrap_or_default();
        let (rival, ratio) = match medians.get(1) {
            Some(rival) => (format!("{rival:.0}"), format!("{:.3}", own / rival)),
            None => (String::new(), String::new()),
        };
        println!("| {} | {own:.0} | {rival} | {ratio} | {} |", save.name(), save.aim());
    }
    Ok(())
}

impl Server {
    /// Starts a server over a site and waits for its pages.
    fn start(contender: &Contender, site: &mut Site) -> Result<Self, String> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|e| e.to_string())?.port();
        let mut command = match contender {
            Contender::Aither(program) => {
                write(&site.file("content/notes/bench.md"), "+++\ntitle = \"Bench\"\n+++\ntext\n")?;
                let overlay = format!("content/courses/{}.md", site.course()?);
                write(&site.file(&overlay), "+++\nlocation = \"Here\"\n+++\n")?;
                let mut command = Command::new(program);
                command.args(["watch", "--port", &port.to_string()]);
                command
            }
            Contender::HugoAdapter(program) | Contender::HugoMarkdown(program) => {
                let mut command = Command::new(program);
                command.args(["server", "--port", &port.to_string(), "--destination", "output"]);
                command
            }
        };
        command.current_dir(site.folder()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|e| format!("cannot run {command:?}: {e}"))?;
        let server = Self { child, port };
        let begun = Instant::now();
        let page = format!("/courses/{}/", site.course()?);
        while !server.shows(&page, "<article") {
            if begun.elapsed() > PATIENCE {
                return Err(format!("{contender} never served {page}"));
            }
            sleep(Duration::from_millis(50));
        }
        // The first build of a watched site may still be under way.
        sleep(REST);
        Ok(server)
    }

    /// Saves a file while a page is looked at, and takes the time until that page is another one.
    fn time(
        &self,
        contender: &Contender,
        site: &Site,
        save: Save,
        number: usize,
    ) -> Result<Duration, String> {
        let course = site.course()?;
        let is_own = matches!(contender, Contender::Aither(_));
        let page = match (save, is_own) {
            (Save::Content, true) => "/notes/bench/".to_owned(),
            _ => format!("/courses/{course}/"),
        };
        let sign = format!("saved-{}-{number}", save.name().replace(' ', "-"));
        let (file, text) = saved(contender, site, save, &course, &sign)?;
        // Hugo leaves comments out, so the sign is an attribute. A tab: aither is told of it, Hugo knows it by what was asked for last.
        let _tab = if is_own { Some(self.tab(&page)?) } else { None };
        if !self.shows(&page, "") {
            return Err(format!("{contender}: there is no {page}"));
        }
        let begun = Instant::now();
        fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
        while !self.shows(&page, &sign) {
            if begun.elapsed() > PATIENCE {
                return Err(format!("{contender}: {page} never shows what was saved in {}", file.display()));
            }
            sleep(PAUSE);
        }
        let time = begun.elapsed();
        sleep(REST);
        Ok(time)
    }

    /// Listens to changes of a page, as a browser does.
    fn tab(&self, page: &str) -> Result<TcpStream, String> {
        let trouble = |e: std::io::Error| format!("the server does not tell of changes: {e}");
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(trouble)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(trouble)?;
        let head =
            format!("GET /.aither/events?page={page}&since=999999 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(head.as_bytes()).map_err(trouble)?;
        // It listens as soon as it has answered.
        let mut line = String::new();
        BufReader::new(stream.try_clone().map_err(trouble)?).read_line(&mut line).map_err(trouble)?;
        if line.contains(" 200 ") {
            Ok(stream)
        } else {
            Err(format!("the server does not tell of changes: {line}"))
        }
    }

    /// Whether a page is there and holds a text.
    fn shows(&self, page: &str, sign: &str) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let head = format!("GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(String::from_utf8_lossy(&answer).into_owned())
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200") && answer.contains(sign))
    }
}

/// The file to save, and its new text, which makes the page show `sign`.
fn saved(
    contender: &Contender,
    site: &Site,
    save: Save,
    course: &str,
    sign: &str,
) -> Result<(PathBuf, String), String> {
    let is_own = matches!(contender, Contender::Aither(_));
    let path = match (save, is_own) {
        (Save::Template, true) => "themes/bench/layouts/course.liquid".to_owned(),
        (Save::Template, false) => "layouts/courses/page.html".to_owned(),
        (Save::Partial, true) => "themes/bench/partials/badge.liquid".to_owned(),
        (Save::Partial, false) => "layouts/_partials/badge.html".to_owned(),
        (Save::Content, true) => "content/notes/bench.md".to_owned(),
        (Save::Overlay, true) => format!("content/courses/{course}.md"),
        (Save::Content | Save::Overlay, false) => format!("content/courses/{course}.md"),
    };
    let file = site.file(&path);
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let text = match (save, is_own) {
        (Save::Template, _) => text.replacen("<article", &format!("<article data-sign=\"{sign}\""), 1),
        (Save::Partial, _) => text.replacen("<span", &format!("<span data-sign=\"{sign}\""), 1),
        (Save::Content, true) => format!("{text}\n{sign}\n"),
        (Save::Overlay, true) => format!("+++\nlocation = \"{sign}\"\n+++\n"),
        (Save::Content | Save::Overlay, false) => {
            text.replacen("location = \"", &format!("location = \"{sign} "), 1)
        }
    };
    Ok((file, text))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, text))
        .map_err(|e| format!("{}: {e}", file.display()))
}
