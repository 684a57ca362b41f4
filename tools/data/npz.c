/* numpy's .npz files: zip archives whose members are .npy files, stored or deflated. Format: PKWARE, APPNOTE.TXT 6.3,
 * sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (its end).
 *
 *   local header, data | local header, data | ... | entry | entry | ... | end of the central directory
 *
 * The directory at the end is decisive: its entries hold sizes, which a local header may leave open. All numbers are
 * little-endian. */
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "data/array.h"
#include "data/file.h"

enum { LOCAL_SIZE = 30, ENTRY_SIZE = 46, END_SIZE = 22, STORED = 0, DEFLATED = 8 };
static const uint32_t local_magic = 0x04034b50, entry_magic = 0x02014b50, end_magic = 0x06054b50;

struct archive {
    struct arena *arena;
    const char *path;
    const unsigned char *bytes;
    size_t length;
    const char **error;
};

/* A member, as its entry in the directory has it. */
struct member {
    const char *name;
    unsigned method;
    uint32_t sum; /* CRC-32 of the data */
    size_t packed, size, local;
};

static uint32_t read_16(const unsigned char *bytes) { return bytes[0] | (uint32_t)bytes[1] << 8; }
static uint32_t read_32(const unsigned char *bytes) { return read_16(bytes) | read_16(bytes + 2) << 16; }

static bool refuse(const struct archive *archive, const char *reason)
{
    *archive->error =
        arena_printf(archive->arena, "'%s' is not a .npz file as numpy.savez writes it: %s", archive->path, reason);
    return false;
}

/* The end of the directory stands at the end of the file, before a comment of at most 65,535 bytes. */
static const unsigned char *find_end(const struct archive *archive)
{
    for (size_t back = END_SIZE; back <= archive->length && back <= END_SIZE + 65535; back++)
        if (read_32(archive->bytes + archive->length - back) == end_magic)
            return archive->bytes + archive->length - back;
    return NULL;
}

/* Reads the entry at *place and moves on to the next. */
static bool read_entry(const struct archive *archive, size_t *place, struct member *member)
{
    const unsigned char *entry = archive->bytes + *place;
    if (*place > archive->length || archive->length - *place < ENTRY_SIZE || read_32(entry) != entry_magic)
        return refuse(archive, "its directory is broken");
    size_t name = read_16(entry + 28), rest = name + read_16(entry + 30) + read_16(entry + 32);
    if (archive->length - *place - ENTRY_SIZE < rest)
        return refuse(archive, "its directory is cut off");
    *member = (struct member){.name = arena_copy_string(archive->arena, (const char *)entry + ENTRY_SIZE, name),
                              .method = read_16(entry + 10),
                              .sum = read_32(entry + 16),
                              .packed = read_32(entry + 20),
                              .size = read_32(entry + 24),
                              .local = read_32(entry + 42)};
    *place += ENTRY_SIZE + rest;
    if (member->packed == UINT32_MAX || member->size == UINT32_MAX)
        return refuse(archive, "members of 4 GiB and more are not read; save the arrays in .npy files");
    return true;
}

/* The data of a member as they lie in the file. */
static const unsigned char *find_data(const struct archive *archive, const struct member *member)
{
    const unsigned char *local = archive->bytes + member->local;
    if (member->local > archive->length || archive->length - member->local < LOCAL_SIZE ||
        read_32(local) != local_magic)
        return NULL;
    size_t begin = member->local + LOCAL_SIZE + read_16(local + 26) + read_16(local + 28);
    return begin <= archive->length && archive->length - begin >= member->packed ? archive->bytes + begin : NULL;
}

/* Inflates a member. It is raw deflate: in a zip archive there is no header of zlib's. The caller has made sure of the
 * size, see most_growth. */
static bool inflate_data(const unsigned char *data, const struct member *member, char *out)
{
    z_stream stream = {.next_in = (unsigned char *)data, .avail_in = (uInt)member->packed};
    stream.next_out = (unsigned char *)out;
    stream.avail_out = (uInt)member->size;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return false;
    int status = inflate(&stream, Z_FINISH);
    size_t got = stream.total_out;
    inflateEnd(&stream);
    return status == Z_STREAM_END && got == member->size;
}

/* The most bytes that deflate makes of one; a member that claims more is broken and needs no memory. */
static const size_t most_growth = 1032;

static bool read_member(const struct archive *archive, const struct member *member, struct array *array)
{
    struct arena *arena = archive->arena;
    const char *place = arena_printf(arena, "%s: %s", archive->path, member->name);
    const unsigned char *data = find_data(archive, member);
    if (!data || (member->method == STORED && member->packed != member->size))
        return refuse(archive, arena_printf(arena, "member '%s' is cut off", member->name));
    if (member->method != STORED && member->method != DEFLATED)
        return refuse(archive, arena_printf(arena, "member '%s' is compressed in an unknown way", member->name));
    struct text text;
    text_init(&text, arena);
    if (member->method == STORED) {
        text_append(&text, (const char *)data, member->size);
    } else {
        bool possible = member->size / most_growth <= member->packed;
        text.data = arena_alloc(arena, possible ? member->size + 1 : 1, 1);
        text.length = member->size;
        if (!possible || !inflate_data(data, member, text.data))
            return refuse(archive, arena_printf(arena, "member '%s' cannot be unpacked", member->name));
    }
    if (crc32(0, (const unsigned char *)text.data, (uInt)text.length) != member->sum)
        return refuse(archive, arena_printf(arena, "member '%s' is damaged, its checksum differs", member->name));
    const char *problem = NULL;
    if (!npy_parse(arena, place, &text, array, &problem))
        *array = (struct array){.problem = problem};
    size_t length = strlen(member->name);
    bool ends = length > 4 && strcmp(member->name + length - 4, ".npy") == 0;
    array->name = arena_copy_string(arena, member->name, ends ? length - 4 : length);
    return true;
}

bool npz_read(struct arena *arena, const char *path, struct array **arrays, int *count, const char **error)
{
    struct text text;
    if (!file_read(arena, path, &text, error))
        return false;
    struct archive archive = {arena, path, (const unsigned char *)text.data, text.length, error};
    const unsigned char *end = find_end(&archive);
    if (!end)
        return refuse(&archive, "it has no directory of a zip archive");
    *count = (int)read_16(end + 10);
    *arrays = ARENA_ARRAY(arena, struct array, *count + 1);
    size_t place = read_32(end + 16);
    for (int i = 0; i < *count; i++) {
        struct member member;
        if (!read_entry(&archive, &place, &member) || !read_member(&archive, &member, &(*arrays)[i]))
            return false;
    }
    return true;
}
