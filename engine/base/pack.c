#include "base/pack.h"

#include <msgpack/pack.h>
#include <string.h>

#include "base/check.h"

static int append(void *context, const char *bytes, size_t byte_count)
{
    struct pack *pack = context;
    CHECK((size_t)(pack->end - pack->at) >= byte_count);
    memcpy(pack->at, bytes, byte_count);
    pack->at += byte_count;
    return 0;
}

/* A packer is two pointers: made anew each time, the compiler sees through its callback. */
static inline msgpack_packer packer_of(struct pack *pack)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, pack, append);
    return packer;
}

void pack_array(struct pack *pack, uint32_t count)
{
    msgpack_packer packer = packer_of(pack);
    msgpack_pack_array(&packer, count);
}

void pack_map(struct pack *pack, uint32_t count)
{
    msgpack_packer packer = packer_of(pack);
    msgpack_pack_map(&packer, count);
}

void pack_nil(struct pack *pack)
{
    msgpack_packer packer = packer_of(pack);
    msgpack_pack_nil(&packer);
}

void pack_uint(struct pack *pack, uint64_t value)
{
    msgpack_packer packer = packer_of(pack);
    msgpack_pack_uint64(&packer, value);
}

void pack_int(struct pack *pack, int64_t value)
{
    msgpack_packer packer = packer_of(pack);
    msgpack_pack_int64(&packer, value);
}

void pack_bool(struct pack *pack, bool value)
{
    msgpack_packer packer = packer_of(pack);
    (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void pack_text(struct pack *pack, const char *text, size_t byte_count)
{
    msgpack_packer packer = packer_of(pack);
    msgpack_pack_str(&packer, byte_count);
    msgpack_pack_str_body(&packer, text, byte_count);
}

void pack_bytes(struct pack *pack, const void *bytes, size_t byte_count)
{
    msgpack_packer packer = packer_of(pack);
    msgpack_pack_bin(&packer, byte_count);
    msgpack_pack_bin_body(&packer, bytes, byte_count);
}
