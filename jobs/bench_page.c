#include "jobs/bench_page.h"

#include "jobs/bench_page_parts.h"

static void write_head(struct html *html, const char *verdict)
{
    html_raw(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light "
                   "dark\">\n<title>");
    html_text(html, verdict);
    html_raw(html, "</title>\n<style>\n");
    for (size_t i = 0; bench_style[i] != NULL; i++)
        html_raw(html, bench_style[i]);
    html_raw(html, "</style>\n</head>\n");
}

void bench_page_write(struct html *html, const struct bench_page *page)
{
    struct outlook outlook;
    char verdict[OUTLOOK_SENTENCE_BYTES];
    outlook_make(&page->basis, &page->question, &outlook);
    write_head(html, outlook_sentence(&outlook, page->start_minute, verdict));
    html_raw(html, "<body>\n<main>\n");
    bench_page_verdict(html, page);
    bench_page_throughput(html, page);
    bench_page_latency(html, page);
    bench_page_time(html, page);
    bench_page_forecast(html, page);
    bench_page_environment(html, page);
    bench_page_points(html, page);
    html_raw(html, "</main>\n</body>\n</html>\n");
}
