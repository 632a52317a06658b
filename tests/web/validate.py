"""Checks the files for machines of a built site with other people's readers.

    python3 validate.py OUTPUT BASE_URL

Needs `icalendar`, `feedparser`, `lxml` and `jsonschema[format-nongpl]` from PyPI. Prints every mistake; ends with 1 if there is any.
"""

import datetime
import email.utils
import json
import os
import pathlib
import sys
import urllib.parse

import feedparser
import icalendar
import jsonschema
from lxml import etree

HERE = pathlib.Path(__file__).parent
OUTPUT, BASE = pathlib.Path(sys.argv[1]), sys.argv[2].rstrip("/")
mistakes = []


def wrong(path, what):
    mistakes.append(f"{path}: {what}")


def file_of(address):
    """The file behind an address of the site."""
    if not address.startswith(BASE + "/"):
        return None
    path = urllib.parse.unquote(address[len(BASE) + 1 :].split("#")[0])
    return OUTPUT / (path + "index.html" if path == "" or path.endswith("/") else path)


def leads_somewhere(path, address):
    target = file_of(address)
    if target is None or not target.is_file():
        wrong(path, f"{address} leads nowhere")


def sitemaps():
    schemas = {name: etree.XMLSchema(etree.parse(HERE / f"{name}.xsd")) for name in ("sitemap", "siteindex")}
    for path in sorted(OUTPUT.glob("sitemap*.xml")):
        tree = etree.parse(path)
        name = "siteindex" if tree.getroot().tag.endswith("sitemapindex") else "sitemap"
        if not schemas[name].validate(tree):
            for error in schemas[name].error_log:
                wrong(path, f"line {error.line}: {error.message}")
        places = tree.findall(".//{*}loc")
        if len(places) > 50_000 or path.stat().st_size > 50 << 20:
            wrong(path, "too long")
        if len({place.text for place in places}) != len(places):
            wrong(path, "an address stands there twice")
        for place in places:
            leads_somewhere(path, place.text)


def feeds():
    for path in [*OUTPUT.rglob("feed.xml"), *OUTPUT.rglob("rss.xml")]:
        feed = feedparser.parse(path.read_bytes())
        if feed.bozo:
            wrong(path, feed.bozo_exception)
        for field in ("title", "link"):
            if not feed.feed.get(field):
                wrong(path, f"no {field}")
        ids = [entry.id for entry in feed.entries]
        if len(ids) != len(set(ids)):
            wrong(path, "an id stands there twice")
        for entry in feed.entries:
            if not entry.get("title") or not (entry.get("updated_parsed") or entry.get("published_parsed")):
                wrong(path, f"{entry.get('id')}: no title or no date")
            leads_somewhere(path, entry.link)
        root = etree.parse(path).getroot()
        if root.tag == "rss":
            rss(path, root.find("channel"))
        else:
            atom(path, root)


def atom(path, root):
    """RFC 4287, 4.1.1 and 4.1.2."""
    name = "{http://www.w3.org/2005/Atom}"
    for element in [root, *root.findall(f"{name}entry")]:
        for field in ("id", "title", "updated"):
            if len(element.findall(name + field)) != 1:
                wrong(path, f"{element.tag} needs one {field}")
        for at in element.findall(f"{name}updated"):
            datetime.datetime.fromisoformat(at.text.replace("Z", "+00:00"))
        if not urllib.parse.urlsplit(element.findtext(f"{name}id")).scheme:
            wrong(path, "an id is no IRI")
    if root.find(f"{name}author") is None:
        wrong(path, "no author")
    own = [link.get("href") for link in root.findall(f"{name}link") if link.get("rel") == "self"]
    if len(own) != 1 or file_of(own[0]) != path:
        wrong(path, f"is not at {own}")


def rss(path, channel):
    """RSS 2.0."""
    for field in ("title", "link", "description"):
        if not channel.findtext(field):
            wrong(path, f"no {field}")
    for at in channel.iter("pubDate", "lastBuildDate"):
        if email.utils.parsedate_to_datetime(at.text) is None:
            wrong(path, f"{at.text} is no date")
    own = channel.find("{http://www.w3.org/2005/Atom}link").get("href")
    if file_of(own) != path:
        wrong(path, f"is not at {own}")


def json_feeds():
    """JSON Feed 1.1."""
    for path in OUTPUT.rglob("feed.json"):
        feed = json.loads(path.read_text())
        if feed["version"] != "https://jsonfeed.org/version/1.1" or not feed["title"]:
            wrong(path, "no version or no title")
        if file_of(feed["feed_url"]) != path:
            wrong(path, f"is not at {feed['feed_url']}")
        for item in feed["items"]:
            if not isinstance(item["id"], str) or not ("content_text" in item or "content_html" in item):
                wrong(path, f"{item.get('id')}: no id or no content")
            datetime.datetime.fromisoformat(item["date_modified"].replace("Z", "+00:00"))
            leads_somewhere(path, item["url"])


def calendars():
    """RFC 5545: lines by hand, the rest by a reader."""
    for path in OUTPUT.rglob("*.ics"):
        raw = path.read_bytes()
        if not raw.endswith(b"\r\n") or b"\n" in raw.replace(b"\r\n", b""):
            wrong(path, "lines must end in CRLF")
        for line in raw.split(b"\r\n"):
            if len(line) > 75:
                wrong(path, f"a line of {len(line)} octets")
            line.decode()
        calendar = icalendar.Calendar.from_ical(raw)
        if calendar.get("version") != "2.0" or not calendar.get("prodid"):
            wrong(path, "no version or no prodid")
        uids = set()
        for event in calendar.walk("VEVENT"):
            if event.errors:
                wrong(path, event.errors)
            for field in ("uid", "dtstamp", "dtstart", "sequence", "summary", "status"):
                if event.get(field) is None:
                    wrong(path, f"{event.get('uid')}: no {field}")
            if event["uid"] in uids:
                wrong(path, f"{event['uid']} stands there twice")
            uids.add(event["uid"])
            start, end = event.decoded("dtstart"), event.get("dtend") and event.decoded("dtend")
            if end is not None and (type(start) is not type(end) or not start < end):
                wrong(path, f"{event['uid']}: from {start} to {end}")
        if not uids:
            if path.name != "calendar.ics":
                wrong(path, "no event")


def exports():
    """MOOChub 3.0: its schema, and that links lead on. MOOCHUB_SCHEMA names the official one, where it is at hand."""
    schemas = [HERE / "moochub.schema.json", *filter(None, [os.environ.get("MOOCHUB_SCHEMA")])]
    schemas = [json.loads(pathlib.Path(schema).read_text()) for schema in schemas]
    readers = [jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()) for schema in schemas]
    missing = {"iri", "date-time", "uuid", "duration"} - jsonschema.FormatChecker.checkers.keys()
    if missing:
        wrong("jsonschema", f"cannot check {missing}: install it as jsonschema[format-nongpl]")
    for path in OUTPUT.glob("moochub/*.json"):
        page = json.loads(path.read_text())
        for reader in readers:
            for error in reader.iter_errors(page):
                wrong(path, f"{error.json_path}: {error.message[:300]}")
        for link in page["links"].values():
            leads_somewhere(path, link)
        for course in page["data"]:
            leads_somewhere(path, course["attributes"]["url"])


for check in (sitemaps, feeds, json_feeds, calendars, exports):
    check()
for mistake in mistakes[:40]:
    print(mistake, file=sys.stderr)
print(f"{OUTPUT}: {len(mistakes)} mistakes in the files for machines")
sys.exit(bool(mistakes))
