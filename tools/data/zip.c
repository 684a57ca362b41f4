/* Format: PKWARE, APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (its end).
 *
 *   local header, data | local header, data | ... | entry | entry | ... | end of the central directory
 *
 * The directory at the end is decisive: its entries hold sizes, which a local header may leave open. All numbers are
 * little-endian. */
#include "data/zip.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "data/file.h"

enum { LOCAL_SIZE = 30, ENTRY_SIZE = 46, END_SIZE = 22, STORED = 0, DEFLATED = 8 };
static const uint32_t local_magic = 0x04034b50, entry_magic = 0x02014b50, end_magic = 0x06054b50;

static uint32_t read_16(const unsigned char *bytes) { return bytes[0] | (uint32_t)bytes[1] << 8; }
static uint32_t read_32(const unsigned char *bytes) { return read_16(bytes) | read_16(bytes + 2) << 16; }

static bool refuse(const struct zip *zip, const char **error, const char *reason)
{
    *error = arena_printf(zip->arena, "'%s' is not %s: %s", zip->path, zip->what, reason);
    return false;
}

static const unsigned char *bytes_of(const struct zip *zip) { return (const unsigned char *)zip->content.data; }

/* The end of the directory stands at the end of the file, before a comment of at most 65,535 bytes. */
static const unsigned char *find_end(const struct zip *zip)
{
    const size_t length = zip->content.length;
    for (size_t back = END_SIZE; back <= length && back <= END_SIZE + 65535; back++)
        if (read_32(bytes_of(zip) + length - back) == end_magic)
            return bytes_of(zip) + length - back;
    return NULL;
}

/* Reads the entry at *place and moves on to the next. */
static bool read_entry(const struct zip *zip, size_t *place, struct zip_member *member, const char **error)
{
    const unsigned char *entry = bytes_of(zip) + *place;
    const size_t length = zip->content.length;
    if (*place > length || length - *place < ENTRY_SIZE || read_32(entry) != entry_magic)
        return refuse(zip, error, "its directory is broken");
    size_t name = read_16(entry + 28), rest = name + read_16(entry + 30) + read_16(entry + 32);
    if (length - *place - ENTRY_SIZE < rest)
        return refuse(zip, error, "its directory is cut off");
    *member = (struct zip_member){.name = arena_copy_string(zip->arena, (const char *)entry + ENTRY_SIZE, name),
                                  .method = read_16(entry + 10),
                                  .sum = read_32(entry + 16),
                                  .packed = read_32(entry + 20),
                                  .size = read_32(entry + 24),
                                  .local = read_32(entry + 42)};
    *place += ENTRY_SIZE + rest;
    if (member->packed == UINT32_MAX || member->size == UINT32_MAX)
        return refuse(zip, error, "members of 4 GiB and more are not read; save the arrays in files of their own");
    return true;
}

/* The data of a member as they lie in the file. */
static const unsigned char *find_data(const struct zip *zip, const struct zip_member *member)
{
    const size_t length = zip->content.length;
    const unsigned char *local = bytes_of(zip) + member->local;
    if (member->local > length || length - member->local < LOCAL_SIZE || read_32(local) != local_magic)
        return NULL;
    size_t begin = member->local + LOCAL_SIZE + read_16(local + 26) + read_16(local + 28);
    return begin <= length && length - begin >= member->packed ? bytes_of(zip) + begin : NULL;
}

/* Inflates a member. It is raw deflate: in a zip archive there is no header of zlib's. The caller has made sure of the
 * size, see most_growth. */
static bool inflate_data(const unsigned char *data, const struct zip_member *member, char *out)
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

bool zip_read(const struct zip *zip, const struct zip_member *member, struct text *data, const char **error)
{
    struct arena *arena = zip->arena;
    const unsigned char *packed = find_data(zip, member);
    if (!packed || (member->method == STORED && member->packed != member->size))
        return refuse(zip, error, arena_printf(arena, "member '%s' is cut off", member->name));
    if (member->method != STORED && member->method != DEFLATED)
        return refuse(zip, error, arena_printf(arena, "member '%s' is compressed in an unknown way", member->name));
    text_init(data, arena);
    if (member->method == STORED) {
        text_append(data, (const char *)packed, member->size);
    } else {
        bool possible = member->size / most_growth <= member->packed;
        data->data = arena_alloc(arena, possible ? member->size + 1 : 1, 1);
        data->length = member->size;
        if (!possible || !inflate_data(packed, member, data->data))
            return refuse(zip, error, arena_printf(arena, "member '%s' cannot be unpacked", member->name));
    }
    if (crc32(0, (const unsigned char *)data->data, (uInt)data->length) != member->sum)
        return refuse(zip, error, arena_printf(arena, "member '%s' is damaged, its checksum differs", member->name));
    return true;
}

const struct zip_member *zip_find(const struct zip *zip, const char *name)
{
    for (int i = 0; i < zip->count; i++)
        if (strcmp(zip->members[i].name, name) == 0)
            return &zip->members[i];
    return NULL;
}

bool zip_open(struct arena *arena, const char *path, const char *what, struct zip *zip, const char **error)
{
    *zip = (struct zip){.arena = arena, .path = path, .what = what};
    if (!file_read(arena, path, &zip->content, error))
        return false;
    const unsigned char *end = find_end(zip);
    if (!end)
        return refuse(zip, error, "it has no directory of a zip archive");
    zip->count = (int)read_16(end + 10);
    zip->members = ARENA_ARRAY(arena, struct zip_member, zip->count + 1);
    size_t place = read_32(end + 16);
    for (int i = 0; i < zip->count; i++)
        if (!read_entry(zip, &place, &zip->members[i], error))
            return false;
    return true;
}
