"""Makes files for `rnn train` of public data sets: TASK-train.safetensors and TASK-test.safetensors, which hold arrays by the
names of the inputs and the target of examples/TASK, and `lengths` of the sequences, but for a series that may be cut.

    python3 scripts/prepare-data.py SOURCE DESTINATION [TASK...]      default: all tasks

What a task needs below SOURCE is said at its function. Training sequences are shuffled, so that `--valid 0.1` holds out some
of each class; vocabularies are made of the training part alone. The standard library is all that is needed.
"""
import collections
import gzip
import json
import lzma
import os
import random
import struct
import sys
import tarfile

F32, I32 = ("F32", "f"), ("I32", "i")  # names of types: in .safetensors files, in struct

# A sequence: a list of frames, each of which is a list of numbers, an id or a tuple of ids; and what is to be found out, of the whole
# sequence or, as a list, of each frame.
Sequence = collections.namedtuple("Sequence", "frames target")


# ---- .safetensors files: 8 bytes of header length, JSON, numbers ----

def read_tensors(path):
    """The arrays of a file, each as a list of all its numbers."""
    kinds = {"F16": "e", "F32": "f", "I32": "i", "U8": "B"}
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, tensor in header.items():
        if name != "__metadata__":
            begin, end = tensor["data_offsets"]
            kind = kinds[tensor["dtype"]]
            count = (end - begin) // struct.calcsize(kind)
            tensors[name] = list(struct.unpack(f"<{count}{kind}", data[begin:end]))
    return tensors


def write_tensors(path, tensors, metadata):
    """Arrays as (name, type, shape, numbers). The file appears whole or not at all."""
    header, data = {"__metadata__": metadata}, bytearray()
    for name, (dtype, kind), shape, numbers in tensors:
        begin = len(data)
        data += struct.pack(f"<{len(numbers)}{kind}", *numbers)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    os.replace(path + ".part", path)


def inputs_of(frames):
    """Vectors as the input `x`, ids as `word`, of two ids the second as `shape`."""
    if isinstance(frames[0], int):
        return [("word", I32, [len(frames)], frames)]
    if isinstance(frames[0], tuple):
        return [(name, I32, [len(frames)], list(ids)) for name, ids in zip(("word", "shape"), zip(*frames))]
    return [("x", F32, [len(frames), len(frames[0])], [number for frame in frames for number in frame])]


def write_sequences(path, sequences, metadata):
    """All frames of all sequences, one after the other; a single sequence as a series. The metadata are the names of ids."""
    frames = [frame for sequence in sequences for frame in sequence.frames]
    count, targets = len(sequences), [sequence.target for sequence in sequences]
    if isinstance(targets[0], list):
        targets = [target for sequence in targets for target in sequence]
    lengths = ("lengths", I32, [count], [len(sequence.frames) for sequence in sequences])
    write_tensors(path, [*inputs_of(frames), *([lengths] if count > 1 else []), ("y", I32, [len(targets)], targets)],
                  {name: " ".join(names) for name, names in metadata.items()})
    print(f"{path}: {count} sequences, {len(frames)} frames", *(f", {len(metadata[name])} {name}" for name in metadata), sep="")


def read_idx(path):
    """The shape and the bytes of an IDX file (http://yann.lecun.com/exdb/mnist)."""
    with gzip.open(path) as file:
        zero, kind, rank = struct.unpack(">HBB", file.read(4))
        if zero != 0 or kind != 8:
            sys.exit(f"'{path}' is no IDX file of bytes")
        return struct.unpack(f">{rank}i", file.read(4 * rank)), file.read()


def rows(numbers, units):
    return [numbers[i:i + units] for i in range(0, len(numbers), units)]


def shuffled(sequences):
    random.Random(1).shuffle(sequences)
    return sequences


# ---- words ----

class Vocabulary:
    """Ids of the most frequent words, those of equal frequency in the order of the alphabet; 0 is any other word, which may have a
    name in the text."""

    def __init__(self, sentences, most, unknown="<unknown>"):
        counts = collections.Counter(word for sentence in sentences for word in sentence if word != unknown)
        self.words = [unknown] + sorted(counts, key=lambda word: (-counts[word], word))[:most - 1]
        self.ids = {word: i for i, word in enumerate(self.words)}

    def encode(self, sentence):
        return [self.ids.get(word, 0) for word in sentence]


# ---- tasks: training sequences, test sequences, and what is said of them in the files ----

def digits(source, part):
    """mnist10k/{train,test}-{images-idx3,labels-idx1}-ubyte.gz: each image is a sequence of 28 rows, its
    pixels from 0 to 1."""
    (_, height, width), pixels = read_idx(f"{source}/mnist10k/{part}-images-idx3-ubyte.gz")
    _, labels = read_idx(f"{source}/mnist10k/{part}-labels-idx1-ubyte.gz")
    images = rows([pixel / 255 for pixel in pixels], height * width)
    return [Sequence(rows(image, width), label) for image, label in zip(images, labels)], {}


def spoken_digits(source, part):
    """fsdd/fsdd_logmel20_{train,test}.safetensors: 20 log-mel energies a frame, utterances one after the other."""
    tensors = read_tensors(f"{source}/fsdd/fsdd_logmel20_{part}.safetensors")
    frames, begin, sequences = rows(tensors["frames"], 20), 0, []
    for length, label in zip(tensors["lengths"], tensors["labels"]):
        sequences.append(Sequence(frames[begin:begin + length], label))
        begin += length
    return sequences, {}


def japanese_vowels(source, part):
    """timeseries/JapaneseVowels/JapaneseVowels_{train,test}.safetensors: 12 LPC coefficients a frame, padded."""
    tensors = read_tensors(f"{source}/timeseries/JapaneseVowels/JapaneseVowels_{part}.safetensors")
    padded = rows(tensors["x"], len(tensors["x"]) // len(tensors["lengths"]))
    return [Sequence(rows(numbers, 12)[:length], label)
            for numbers, length, label in zip(padded, tensors["lengths"], tensors["labels"])], {}


def sentence_polarity(source, part):
    """sentiment/sentence_polarity/rt-polarity.{neg,pos}.xz: a sentence a line, in words. Every tenth is for the test. The
    target is 1 if the sentence is in favour."""
    parts = {"train": [], "test": []}
    for target, kind in enumerate(["neg", "pos"]):
        path = f"{source}/sentiment/sentence_polarity/rt-polarity.{kind}.xz"
        with lzma.open(path, "rt", encoding="latin-1", newline="\n") as file:
            for i, line in enumerate(file):
                parts["test" if i % 10 == 9 else "train"].append(Sequence(line.split(), target))
    vocabulary = Vocabulary((sequence.frames for sequence in parts["train"]), 8000)
    return [Sequence(vocabulary.encode(words), target) for words, target in parts[part]], {"words": vocabulary.words}


def babi_stories(text):
    """Each question as a sequence of words: what has happened in its story so far, and the question; with the answer."""
    stories, story = [], []
    for line in text.splitlines():
        number, sentence = line.split(" ", 1)
        sentence, *answer = sentence.split("\t")
        words = sentence.lower().strip(" .?").split()
        if number == "1":
            story = []
        if answer:
            stories.append(Sequence(story + words, answer[0]))
        else:
            story = story + words
    return stories


def babi_qa1(source, part):
    """babi/babi-en-10k.tar.xz: stories and questions about them; the answer is a word, one of those in the training part."""
    with tarfile.open(f"{source}/babi/babi-en-10k.tar.xz") as archive:
        parts = {name: babi_stories(archive.extractfile(f"babi-en-10k/qa1_single-supporting-fact_{name}.txt").read().decode())
                 for name in ("train", part)}
    vocabulary = Vocabulary((story.frames for story in parts["train"]), sys.maxsize)
    answers = sorted({story.target for story in parts["train"]})
    return ([Sequence(vocabulary.encode(words), answers.index(answer)) for words, answer in parts[part]],
            {"words": vocabulary.words, "answers": answers})


def word_lm(source, part):
    """text/wikitext-2/{valid,test}.txt.xz, of which the first is the training part: a paragraph a line, in words. Each word is to be
    followed by the next one, or by the end of its line."""
    def read(file):
        with lzma.open(f"{source}/text/wikitext-2/{file}.txt.xz", "rt", encoding="utf-8", newline="\n") as lines:
            return [word for line in lines for word in [*line.split(), "<eos>"]]
    vocabulary = Vocabulary([read("valid")], sys.maxsize, unknown="<unk>")
    ids = vocabulary.encode(read("valid" if part == "train" else part))
    return [Sequence(ids[:-1], ids[1:])], {"words": vocabulary.words}


def shape_of(token):
    """How a token is written: one of eight ways."""
    if token.startswith(("@", "#", "http")):
        return "@#h".index(token[0]) + 1
    if any(letter.isdigit() for letter in token):
        return 4
    if not token[0].isalpha():
        return 5
    return 6 if token.isupper() else 7 if token[0].isupper() else 0


def tagging_sentences(source, file):
    """Sentences as lists of (token, tag)."""
    sentences = [[]]
    with lzma.open(f"{source}/tagging/wnut17/{file}.xz", "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            if line.strip():
                sentences[-1].append(line.rstrip("\n").split("\t")[:2])
            else:
                sentences.append([])
    return [sentence for sentence in sentences if sentence]


def tagging(source, part):
    """tagging/wnut17/{wnut17train.conll,emerging.test.annotated}.xz: a token and its tag a line, an empty line between sentences."""
    files = {"train": "wnut17train.conll", "test": "emerging.test.annotated"}
    sentences = {name: tagging_sentences(source, files[name]) for name in ("train", part)}
    vocabulary = Vocabulary(([token.lower() for token, _ in sentence] for sentence in sentences["train"]), 5000)
    tags = sorted({tag for sentence in sentences["train"] for _, tag in sentence}, key=lambda tag: (tag != "O", tag))
    return ([Sequence(list(zip(vocabulary.encode([token.lower() for token, _ in sentence]), (shape_of(token) for token, _ in sentence))),
                      [tags.index(tag) for _, tag in sentence]) for sentence in sentences[part]],
            {"words": vocabulary.words, "tags": tags})


TASKS = {task.__name__: task
         for task in (digits, spoken_digits, japanese_vowels, sentence_polarity, babi_qa1, word_lm, tagging)}


def main():
    source, destination, *names = sys.argv[1:]
    os.makedirs(destination, exist_ok=True)
    for name in names or TASKS:
        sequences, metadata = TASKS[name](source, "train")
        write_sequences(f"{destination}/{name}-train.safetensors", shuffled(sequences), metadata)
        sequences, metadata = TASKS[name](source, "test")
        write_sequences(f"{destination}/{name}-test.safetensors", sequences, metadata)


if __name__ == "__main__":
    if len(sys.argv) < 3 or not set(sys.argv[3:]) <= set(TASKS):
        sys.exit(f"usage: {sys.argv[0]} SOURCE DESTINATION [TASK...]\ntasks: {' '.join(TASKS)}")
    main()
