/* Replays the files of folders: replay FOLDER... Needs no libFuzzer. */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { PATH_LENGTH = 4096 };

static int replay_file(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return -1;
    if (!S_ISREG(status.st_mode))
        return 0;
    size_t size = (size_t)status.st_size;
    FILE *stream = fopen(path, "rb");
    uint8_t *data = malloc(size + 1);
    int done = stream && data && fread(data, 1, size, stream) == size ? 1 : -1;
    if (stream)
        fclose(stream);
    if (done == 1)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return done;
}

/* Replays the files of a folder; returns their number, or -1 if one of them cannot be read. The name of each is printed
 * before it is tried, so that it is the last line if it ends the process. */
static int replay_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return -1;
    int count = 0;
    for (const struct dirent *entry; count >= 0 && (entry = readdir(directory));) {
        char path[PATH_LENGTH];
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path) {
            count = -1;
            break;
        }
        printf("%s\n", path);
        fflush(stdout);
        int done = replay_file(path);
        count = done < 0 ? -1 : count + done;
    }
    closedir(directory);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: %s\n", argv[i], count ? "cannot be read" : "has no files");
            return 1;
        }
        printf("%s: %d files\n", argv[i], count);
    }
    return argc > 1 ? 0 : 2;
}
