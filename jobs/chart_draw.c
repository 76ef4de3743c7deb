#include "jobs/chart_draw.h"

#include "base/check.h"

#define MARK 4.5 /* half of its width */

/* Told apart by people who do not see all colours, and in grey by dash and mark. The style sheet
   has a lighter twin of each for dark screens, under the class of its number. */
static const struct {
    const char *colour, *dash;
} styles[CHART_STYLES] = {
    {"#0072b2", ""},         {"#c24e00", "8 4"}, {"#00795a", "2 3"},
    {"#a8457f", "12 4 2 4"}, {"#5b5f66", "5 2"}, {"#8a6d00", "1 4"},
};

/* From light to dark, so that they differ in grey, too. */
static const struct {
    const char *colour;
    bool is_dark;
} parts[CHART_PARTS] = {
    {"#f3df5b", false}, {"#6cb7e8", false}, {"#c24e00", true}, {"#1d3557", true}};

void chart_begin(struct html *html, const struct chart_words *words, int height)
{
    html_format(html,
                "<figure class=\"chart\">\n<svg role=\"img\" aria-labelledby=\"%s-title "
                "%s-desc\" viewBox=\"0 0 %d %d\" font-family=\"system-ui, sans-serif\" "
                "font-size=\"%d\">\n<title id=\"%s-title\">",
                words->id, words->id, CHART_WIDTH, height, CHART_TEXT, words->id);
    html_text(html, words->title);
    html_format(html, "</title>\n<desc id=\"%s-desc\">", words->id);
    html_text(html, words->description);
    html_raw(html, "</desc>\n");
}

void chart_end_drawing(struct html *html)
{
    html_raw(html, "</svg>\n");
}

void chart_end(struct html *html)
{
    html_raw(html, "</figure>\n");
}

void chart_draw_line(struct html *html, const char *role, double x1, double y1, double x2,
                     double y2)
{
    html_format(html,
                "<line class=\"%s\" stroke=\"#888\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
                "y2=\"%.1f\"/>\n",
                role, x1, y1, x2, y2);
}

void chart_draw_text(struct html *html, const char *role, enum chart_anchor anchor, double x,
                     double y, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    html_format(html, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">", role,
                anchors[anchor], x, y);
    html_text(html, text);
    html_raw(html, "</text>\n");
}

void chart_draw_mark(struct html *html, unsigned style, double x, double y)
{
    CHECK(style < CHART_STYLES);
    html_format(html, "<path class=\"f%u\" fill=\"%s\" d=\"", style, styles[style].colour);
    switch (style % 4) {
    case 0: // a circle
        html_format(html, "M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 -%.1f 0z", x - MARK, y,
                    MARK, MARK, 2 * MARK, MARK, MARK, 2 * MARK);
        break;
    case 1: // a square
        html_format(html, "M%.1f %.1fh%.1fv%.1fh-%.1fz", x - MARK + .5, y - MARK + .5, 2 * MARK - 1,
                    2 * MARK - 1, 2 * MARK - 1);
        break;
    case 2: // a triangle
        html_format(html, "M%.1f %.1fl%.1f %.1fh-%.1fz", x, y - MARK - .5, MARK + .5, 2 * MARK,
                    2 * MARK + 1);
        break;
    default: // a diamond
        html_format(html, "M%.1f %.1fl%.1f %.1fl-%.1f %.1fl-%.1f -%.1fz", x, y - MARK - 1, MARK + 1,
                    MARK + 1, MARK + 1, MARK + 1, MARK + 1, MARK + 1);
    }
    html_raw(html, "\"/>\n");
}

void chart_line_style(struct html *html, unsigned style, bool is_thin)
{
    CHECK(style < CHART_STYLES);
    html_format(html, " class=\"s%u\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"", style,
                styles[style].colour, is_thin ? "1.3" : "2.2");
    if (styles[style].dash[0] != '\0')
        html_format(html, " stroke-dasharray=\"%s\"", styles[style].dash);
}

const char *chart_part_colour(size_t part)
{
    CHECK(part < CHART_PARTS);
    return parts[part].colour;
}

bool chart_part_is_dark(size_t part)
{
    CHECK(part < CHART_PARTS);
    return parts[part].is_dark;
}

/* ---- the legend: a list in the page's own text, which wraps as it needs ---- */

#define SWATCH                                                                                     \
    "<li><svg class=\"swatch\" aria-hidden=\"true\" width=\"34\" "                                 \
    "height=\"14\" viewBox=\"0 0 34 14\"><title>sample</title><desc>colour of the entry</desc>"

void chart_legend_begin(struct html *html)
{
    html_raw(html, "<figcaption><ul class=\"legend\">\n");
}

void chart_legend_line(struct html *html, unsigned style, bool has_line, bool has_mark,
                       bool is_thin, const char *name)
{
    html_raw(html, SWATCH);
    if (has_line) {
        html_raw(html, "<path d=\"M1 7H33\"");
        chart_line_style(html, style, is_thin);
        html_raw(html, "/>");
    }
    if (has_mark)
        chart_draw_mark(html, style, 17, 7);
    html_raw(html, "</svg>");
    html_element(html, "span", name);
    html_raw(html, "</li>\n");
}

void chart_legend_fill(struct html *html, const char *role, const char *colour, const char *name)
{
    html_raw(html, SWATCH);
    html_format(html,
                "<rect class=\"%s\" fill=\"%s\" x=\"1\" y=\"1\" width=\"32\" height=\"12\"/></svg>",
                role, colour);
    html_element(html, "span", name);
    html_raw(html, "</li>\n");
}

void chart_legend_end(struct html *html)
{
    html_raw(html, "</ul></figcaption>\n");
}
