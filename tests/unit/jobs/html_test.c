#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "jobs/chart.h"
#include "jobs/html.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void text_is_escaped(void **state)
{
    (void)state;
    const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"plain, 12", "plain, 12"},
        {"<a href=\"x\">&'", "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"},
        {"</script>", "&lt;/script&gt;"},
        {"&amp;", "&amp;amp;"},
        {"λ 한 😀 ©", "λ 한 😀 ©"},
        {"a\nb", "a\nb"},
        {"a\tb\x01\x7f", "a�b��"},
        {"\xc2\x85", "�"},                        // a control byte in two bytes
        {"a\xff<", "a�&lt;"},                     // not UTF-8 …
        {"\xc3<", "�&lt;"},                       // … cut short: what follows is still escaped
        {"\xe2\x82", "��"},                       //
        {"\xc0\xbc", "��"},                       // "<" in two bytes
        {"\xe0\x80\xbc", "���"},                  // … and in three
        {"\xed\xa0\x80", "���"},                  // half of a pair
        {"\xf4\x90\x80\x80", "����"},             // beyond the last character
        {"\xf0\x80\x80\xbc", "����"},             //
        {"\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd"}, // the last ones
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct html html;
        html_init(&html);
        html_text(&html, rows[i].text);
        assert_string_equal(html.bytes, rows[i].expected);
        html_deinit(&html);
    }
}

static void an_element_closes_its_tag_without_its_attributes(void **state)
{
    (void)state;
    struct html html;
    html_init(&html);
    html_element(&html, "td class=\"words\"", "1 < 2");
    html_format(&html, "<rect x=\"%.1f\"/>", 1.25);
    html_raw(&html, "<br>");
    assert_string_equal(html.bytes, "<td class=\"words\">1 &lt; 2</td><rect x=\"1.2\"/><br>");
    assert_int_equal(html.used, strlen(html.bytes));
    html_deinit(&html);
}

static void it_grows_as_it_must(void **state)
{
    (void)state;
    struct html html;
    html_init(&html);
    for (size_t i = 0; i < 5000; i++)
        html_text(&html, "0123456<9");
    html_format(&html, "%05000d", 7);
    assert_int_equal(html.used, 5000 * (9 - 1 + 4) + 5000);
    assert_int_equal(strlen(html.bytes), html.used);
    assert_memory_equal(html.bytes + 4999 * 12, "0123456&lt;9", 12);
    html_deinit(&html);
}

/* What a chart is given may come from a file. */
static void a_chart_escapes_what_it_is_given(void **state)
{
    (void)state;
    const char *const marks[] = {"<m>"};
    const double values[] = {1e6};
    const struct chart_range ranges[] = {{"<r>", 0, values}};
    struct chart_ranges chart = {
        .words = {"x", "<t>", "<d>"},
        .x = {"<a>", CHART_DURATION, chart_scale_log(1e6, 1e6, CHART_DURATION)},
        .mark_names = marks,
        .mark_count = 1,
        .ranges = ranges,
        .count = 1,
    };
    struct html html;
    html_init(&html);
    chart_ranges(&html, &chart);
    for (const char *const *word = (const char *const[]){"<m>", "<r>", "<t>", "<d>", "<a>", NULL};
         *word != NULL; word++) {
        char escaped[] = "&lt;?&gt;";
        escaped[4] = (*word)[1];
        assert_null(strstr(html.bytes, *word));
        assert_non_null(strstr(html.bytes, escaped));
    }
    html_deinit(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(an_element_closes_its_tag_without_its_attributes),
        cmocka_unit_test(it_grows_as_it_must),
        cmocka_unit_test(a_chart_escapes_what_it_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
