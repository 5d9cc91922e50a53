"""A browser without a screen: it keeps cookies, reads forms and links, and follows redirects among known sites."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx2

REDIRECTS = (301, 302, 303, 307, 308)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.action, self.fields, self.links, self.texts = None, {}, {}, []
        self._href = None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.action = given["action"]
        elif tag == "input":
            self.fields[given["name"]] = given.get("value") or ""
        elif tag == "a":
            self._href = given["href"]

    def handle_endtag(self, tag):
        if tag == "a":
            self._href = None

    def handle_data(self, data):
        self.texts.append(data.strip())
        if self._href:
            self.links[data.strip()] = self._href


class Page:
    """What the browser shows: either a page of a site, or (`left_to`) the address outside that it was sent to."""

    def __init__(self, answer, left_to=None):
        self.answer, self.left_to = answer, left_to
        self.status, self.headers = answer.status_code, answer.headers
        reader = _Reader()
        reader.feed(answer.text)
        self.action, self.fields, self.links = reader.action, reader.fields, reader.links
        self.text = " ".join(text for text in reader.texts if text)


class Browser:
    """sites: origins whose redirects are followed."""

    def __init__(self, *sites):
        self.sites = {urlsplit(site.url).netloc for site in sites}
        self.http = httpx2.Client(follow_redirects=False)
        self.trail = []

    def open(self, url):
        return self._follow(self.http.get(url))

    def submit(self, page, **fields):
        url = urljoin(str(page.answer.url), page.action)
        return self._follow(self.http.post(url, data={**page.fields, **fields}))

    def log_in(self, page, email, password, **more):
        return self.submit(page, email=email, password=password, **more)

    def allow(self, page):
        return self.submit(page, decision="allow")

    def close(self):
        self.http.close()

    def _follow(self, answer):
        while answer.status_code in REDIRECTS:
            target = urljoin(str(answer.url), answer.headers["location"])
            self.trail.append(target)
            if urlsplit(target).netloc not in self.sites:
                return Page(answer, target)
            answer = self.http.get(target)
        return Page(answer)
