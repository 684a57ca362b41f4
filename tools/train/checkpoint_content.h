/* The content of checkpoints and weights files: tensors and metadata, the settings of a training among them, and the
 * sum of all. */
#ifndef RNN_TOOLS_CHECKPOINT_CONTENT_H
#define RNN_TOOLS_CHECKPOINT_CONTENT_H

#include "rnn/weights.h"
#include "train/trainer.h"

#define FINGERPRINT_KEY "rnnc.fingerprint"
#define POSITION_KEY    "train/position"
#define CHECKSUM_KEY    "train/checksum"
#define FORMS_KEY       "train/forms"
#define WAYS_KEY        "train/ways" /* in which --compress auto sends gradients: trainer_print_ways */

/* The treatment of a setting that has changed when a training is resumed. */
enum setting_kind {
    SETTING_KEPT, /* refused */
    SETTING_SUM,  /* refused; the value means nothing to people */
    SETTING_FREE  /* reported */
};

/* A setting as metadata; the key after the slash is its name. */
struct setting {
    const char *key, *value;
    enum setting_kind kind;
};

enum { SETTINGS = 19, MOST_METADATA = SETTINGS + 6 };

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

/* The value that a file should have for CHECKSUM_KEY. */
const char *checkpoint_sum(struct arena *arena, const rnn_file *file);

#endif
