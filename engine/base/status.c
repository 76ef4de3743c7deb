#include "base/status.h"

#include "base/check.h"

static const struct {
    enum status_class klass;
    const char *name;
    const char *text;
} table[] = {
#define X(name, klass, text) [STATUS_##name] = {STATUS_CLASS_##klass, #name, text},
    STATUS_TABLE(X)
#undef X
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

enum status_class status_class(enum status status)
{
    CHECK((unsigned)status < TABLE_COUNT);
    return table[status].klass;
}

const char *status_name(enum status status)
{
    CHECK((unsigned)status < TABLE_COUNT);
    return table[status].name;
}

const char *status_text(enum status status)
{
    CHECK((unsigned)status < TABLE_COUNT);
    return table[status].text;
}
