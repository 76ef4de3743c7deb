#include "base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct hash {
    EVP_MD *sha256; /* fetched once: a fetch per digest takes locks */
    EVP_MD_CTX *context;
};

struct hash *hash_open(void)
{
    struct hash *hash = calloc(1, sizeof(*hash));
    CHECK(hash != NULL);
    hash->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hash->context = EVP_MD_CTX_new();
    CHECK(hash->sha256 != NULL && hash->context != NULL);
    return hash;
}

void hash_close(struct hash *hash)
{
    if (hash == NULL)
        return;
    EVP_MD_CTX_free(hash->context);
    EVP_MD_free(hash->sha256);
    free(hash);
}

void hash_begin(struct hash *hash)
{
    CHECK(EVP_DigestInit_ex2(hash->context, hash->sha256, NULL) == 1);
}

void hash_add(struct hash *hash, const void *bytes, size_t byte_count)
{
    CHECK(EVP_DigestUpdate(hash->context, bytes, byte_count) == 1);
}

struct digest hash_end(struct hash *hash)
{
    struct digest digest;
    unsigned length = 0;
    CHECK(EVP_DigestFinal_ex(hash->context, digest.bytes, &length) == 1);
    CHECK(length == DIGEST_BYTES);
    return digest;
}

struct digest hash_once(struct hash *hash, const void *bytes, size_t byte_count)
{
    hash_begin(hash);
    hash_add(hash, bytes, byte_count);
    return hash_end(hash);
}
