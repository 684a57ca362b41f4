/* What checkpoints and weights files are made of: tensors and metadata, the settings of a training among them, and the
 * sum of all. */
#ifndef RNN_TOOLS_CHECKPOINT_CONTENT_H
#define RNN_TOOLS_CHECKPOINT_CONTENT_H

#include "rnn/weights.h"
#include "train/trainer.h"

#define FINGERPRINT_KEY "rnnc.fingerprint"
#define POSITION_KEY    "train/position"
#define CHECKSUM_KEY    "train/checksum"

/* What happens where a training is gone on with and a setting is another. */
enum setting_kind {
    SETTING_KEPT, /* that is refused */
    SETTING_SUM,  /* that is refused; the value says nothing to people */
    SETTING_FREE  /* that is told */
};

/* As metadata; the key after the slash is what it is called. */
struct setting {
    const char *key, *value;
    enum setting_kind kind;
};

enum { SETTINGS = 17, MOST_METADATA = SETTINGS + 4 };

void settings_list(struct arena *arena, const struct trainer *trainer, struct setting settings[SETTINGS]);

struct content {
    struct arena *arena;
    rnn_file_tensor *tensors;
    rnn_metadata metadata[MOST_METADATA];
    int tensor_count, metadata_count;
};

void content_add_metadata(struct content *content, const char *key, const char *value);

/* A sum over all tensors and metadata but the sum itself, as hexadecimal digits. */
const char *content_sum(const struct content *content);

/* What a file should have for CHECKSUM_KEY. */
const char *checkpoint_sum(struct arena *arena, const rnn_file *file);

#endif
