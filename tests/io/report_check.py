# report_check.py FILE…: is each a page that loads nothing, runs nothing, is whole, and can be heard?
# Prints one line a violation; exit 1 where there is one.
import re
import sys
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
# What may load or run something, or take somebody elsewhere.
BANNED = {"script", "link", "img", "iframe", "object", "embed", "form", "input", "button", "audio",
          "video", "source", "base", "use", "image", "foreignobject", "animate", "set", "a"}
HTML_BYTES_MOST = 200_000


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.ids, self.labels = [], [], {}, []
        self.charts, self.tables, self.headings, self.text = [], [], [], ""
        self.sheet = ""

    def say(self, what):
        self.wrong.append(f"line {self.getpos()[0]}: {what}")

    def attributes(self, tag, attributes):
        names = [name for name, _ in attributes]
        if len(names) != len(set(names)):
            self.say(f"<{tag}> has an attribute twice")
        for name, value in attributes:
            if name.startswith("on") or name in ("href", "src", "srcset", "action", "style",
                                                 "xlink:href"):
                self.say(f"<{tag}> has {name}")
            if value is not None and name != "content" and re.search(r"url\s*\(|https?:", value):
                self.say(f"<{tag} {name}> names something outside")

    def handle_starttag(self, tag, attributes):
        self.attributes(tag, attributes)
        given = dict(attributes)
        if tag in BANNED:
            self.say(f"<{tag}>")
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.say("a refresh")
        if "id" in given:
            if given["id"] in self.ids:
                self.say(f"the id {given['id']} stands twice")
            self.ids[given["id"]] = tag
        self.labels += given.get("aria-labelledby", "").split()
        if tag == "svg":
            self.charts.append({"line": self.getpos()[0], "given": given, "title": "", "desc": ""})
        if tag == "table":
            self.tables.append({"line": self.getpos()[0], "heads": 0, "cells": 0, "rows": 0,
                                "caption": ""})
        if self.tables and tag == "tr":
            self.row = 0
        if self.tables and tag in ("th", "td"):
            self.row += 1
            if "thead" in self.open:
                self.tables[-1]["heads"] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        if "svg" not in self.open and tag not in VOID:
            self.say(f"<{tag}/> outside of a drawing")
        self.attributes(tag, attributes)
        for name, value in attributes:
            if re.search(r"\b(nan|inf)", value or "", re.I):
                self.say(f"<{tag} {name}> is no number: {value[:40]}")
        if tag in BANNED:
            self.say(f"<{tag}/>")

    def handle_endtag(self, tag):
        if tag in VOID:
            self.say(f"</{tag}>")
        elif not self.open or self.open[-1] != tag:
            self.say(f"</{tag}> closes {self.open[-1:] or 'nothing'}")
        else:
            self.open.pop()
        if tag == "tr" and "tbody" in self.open:
            self.tables[-1]["rows"] += 1
            if self.row != self.tables[-1]["heads"]:
                self.say(f"a row of {self.row} cells below {self.tables[-1]['heads']} heads")

    def handle_data(self, data):
        where = self.open[-1] if self.open else ""
        if where == "style":
            self.sheet += data
            return
        self.text += data
        if where in ("title", "desc") and "svg" in self.open:
            self.charts[-1][where] += data
        if where == "caption":
            self.tables[-1]["caption"] += data
        if where in ("h1", "h2"):
            self.headings.append((where, data))
        if re.search(r"\b(nan|inf)\b", data):
            self.say(f"no number: {data[:60]}")

    def judge(self, source):
        if not source.startswith("<!DOCTYPE html>\n<html lang=\"en\">"):
            self.wrong.append("no document type or language")
        if len(source.encode()) > HTML_BYTES_MOST:
            self.wrong.append(f"{len(source.encode())} bytes, at most {HTML_BYTES_MOST}")
        if self.open:
            self.wrong.append(f"left open: {self.open}")
        for chart in self.charts:
            where = f"line {chart['line']}: a drawing"
            for part in ("title", "desc"):
                if not chart[part].strip():
                    self.wrong.append(f"{where} without {part}")
            if chart["given"].get("aria-hidden") != "true" and (
                    chart["given"].get("role") != "img" or "aria-labelledby" not in chart["given"]):
                self.wrong.append(f"{where} without role or label")
        for label in self.labels:
            if label not in self.ids:
                self.wrong.append(f"nothing has the id {label}")
        for table in self.tables:
            if not table["caption"].strip():
                self.wrong.append(f"line {table['line']}: a table without caption")
        if re.search(r"@import|url\s*\(|https?:|expression", self.sheet):
            self.wrong.append("the style sheet names something outside")
        if [level for level, _ in self.headings].count("h1") != 1:
            self.wrong.append("not one h1")
        return self.wrong


def check(name):
    source = open(name, encoding="utf-8", newline="").read()
    page = Page()
    page.feed(source)
    page.close()
    return [f"{name}: {what}" for what in page.judge(source)]


wrong = [line for name in sys.argv[1:] for line in check(name)]
print("\n".join(wrong) if wrong else f"{len(sys.argv) - 1} pages are well")
sys.exit(1 if wrong else 0)
