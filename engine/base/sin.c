#include "base/sin.h"

#include "base/check.h"

static const struct {
    const char *name, *text;
} sins[SINS] = {
#define X(name, text) {#name, text},
    SIN_TABLE(X)
#undef X
};

const char *sin_name(enum sin sin)
{
    CHECK(sin < SINS);
    return sins[sin].name;
}

const char *sin_text(enum sin sin)
{
    CHECK(sin < SINS);
    return sins[sin].text;
}

#ifdef DAYBOOK_SINS
static enum sin chosen = SINS;

void sin_choose(enum sin sin)
{
    chosen = sin;
}

bool sin_is_chosen(enum sin sin)
{
    return sin == chosen;
}
#endif
