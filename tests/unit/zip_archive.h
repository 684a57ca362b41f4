/* Zip archives for tests. */
#ifndef RNNC_TESTS_ZIP_ARCHIVE_H
#define RNNC_TESTS_ZIP_ARCHIVE_H

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "tools_fixture.h"

/* A zip archive in the making. */
struct archive {
    unsigned char bytes[65536], directory[1024];
    size_t length, directory_length;
    int count;
};

static inline void put_number(unsigned char *out, size_t *length, uint64_t number, int size)
{
    for (int i = 0; i < size; i++)
        out[(*length)++] = (unsigned char)(number >> 8 * i);
}

/* A local header and an entry of the directory have most of their fields in common. */
static inline void put_fields(unsigned char *out, size_t *length, int method, uint32_t sum, size_t packed, size_t size,
                              size_t name)
{
    put_number(out, length, (uint64_t)20 | (uint64_t)method << 32, 6); /* version needed, flags, method */
    put_number(out, length, 0, 4);                                     /* time */
    put_number(out, length, sum, 4);
    put_number(out, length, packed, 4);
    put_number(out, length, size, 4);
    put_number(out, length, name, 4); /* and no extra field */
}

static inline size_t deflate_data(const void *data, size_t size, unsigned char *out, size_t room)
{
    z_stream stream = {
        .next_in = (unsigned char *)data, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t packed = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

static inline void add_member(struct archive *archive, const char *name, int method, const void *data, size_t size)
{
    unsigned char packed[1024];
    const void *stored = method == 8 ? packed : data;
    size_t length = size, local = archive->length, name_length = strlen(name);
    uint32_t sum = (uint32_t)crc32(0, data, (uInt)size);
    if (method == 8)
        length = deflate_data(data, size, packed, sizeof packed);
    assert_true(archive->length + length + name_length + 64 < sizeof archive->bytes);
    put_number(archive->bytes, &archive->length, 0x04034b50, 4);
    put_fields(archive->bytes, &archive->length, method, sum, length, size, name_length);
    memcpy(archive->bytes + archive->length, name, name_length);
    memcpy(archive->bytes + archive->length + name_length, stored, length);
    archive->length += name_length + length;

    put_number(archive->directory, &archive->directory_length, 0x02014b50 | (uint64_t)20 << 32, 6);
    put_fields(archive->directory, &archive->directory_length, method, sum, length, size, name_length);
    put_number(archive->directory, &archive->directory_length, 0, 6); /* comment, disk, attributes, */
    put_number(archive->directory, &archive->directory_length, 0, 4); /* and more of them */
    put_number(archive->directory, &archive->directory_length, local, 4);
    memcpy(archive->directory + archive->directory_length, name, name_length);
    archive->directory_length += name_length;
    archive->count++;
}

static inline void finish(struct archive *archive)
{
    size_t begin = archive->length;
    memcpy(archive->bytes + begin, archive->directory, archive->directory_length);
    archive->length += archive->directory_length;
    put_number(archive->bytes, &archive->length, 0x06054b50, 8);
    put_number(archive->bytes, &archive->length, (uint64_t)archive->count | (uint64_t)archive->count << 16, 4);
    put_number(archive->bytes, &archive->length, archive->directory_length, 4);
    put_number(archive->bytes, &archive->length, begin, 4);
    put_number(archive->bytes, &archive->length, 0, 2);
}

#endif
