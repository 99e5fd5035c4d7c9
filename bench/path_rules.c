/* SPDX-License-Identifier: MIT */
/*
 * Matching process names against compiled rules, and lower-casing each name and searching it for each rule's text,
 * counted: path.h says how. One name in twenty matches.
 *
 * Counted and not timed, because the times compare processors: a search for one text does not depend on the search for the
 * next, so a wide processor with a good branch predictor runs five of its instructions a cycle; each step of the automaton
 * waits for the one before. The ratio of times was 5 on one machine and 14 on another for the same counts.
 */

#include "bench/path.h"
#include "core/ai/rules.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAMES       1000 /* a plain number: path.h makes text of it */
#define NAME_LENGTH 48u
#define RULES       64u

static const char *const texts[RULES] = {
    "python",     "pytorch",    "tensorflow", "codex",      "torch",     "conda",      "ollama",       "llama",
    "whisper",    "diffusion",  "comfyui",    "jupyter",    "onnx",      "triton",     "vllm",         "sglang",
    "deepspeed",  "keras",      "jaxlib",     "mxnet",      "caffe",     "theano",     "xgboost",      "lightgbm",
    "catboost",   "mlflow",     "wandb",      "raylet",     "dask",      "pyspark",    "rapids",       "cudf",
    "cuml",       "cupy",       "numba",      "tensorrt",   "openvino",  "directml",   "winml",        "huggingface",
    "diffusers",  "langchain",  "autogpt",    "gpt4all",    "koboldcpp", "oobabooga",  "lmstudio",     "lm-studio",
    "localai",    "privategpt", "invokeai",   "automatic1", "fooocus",   "sd-webui",   "kohya",        "roop",
    "facefusion", "rvc-",       "tortoise",   "coqui",      "piper-tts", "copilot-ml", "transformers", "accelerate",
};

static const char *const programs[] = {
    "svchost",
    "explorer",
    "RuntimeBroker",
    "chrome",
    "msedge",
    "SearchIndexer",
    "dwm",
    "csrss",
    "winlogon",
    "services",
    "lsass",
    "fontdrvhost",
    "conhost",
    "Teams",
    "OneDrive",
    "spoolsv",
    "taskhostw",
    "sihost",
    "ctfmon",
    "audiodg",
    "dllhost",
    "WmiPrvSE",
    "MsMpEng",
    "NisSrv",
    "devenv",
    "Code",
    "node",
    "git",
    "StartMenuHost",
    "ShellExperience",
    "smartscreen",
    "SystemSettings",
    "cl",
    "link",
    "notepad++",
    "steam",
    "discord",
    "postgres",
    "nvcontainer",
    "NVDisplay.Container",
};

struct name {
    uint16_t text[NAME_LENGTH];
    size_t length;
};

static struct name names[NAMES];
static struct name lowered[RULES];
static struct rules *rules;

static void set(struct name *name, const char *text)
{
    name->length = strlen(text);
    for (size_t i = 0; i < name->length; i++) {
        name->text[i] = (unsigned char)text[i];
    }
}

static uint16_t lower(uint16_t unit)
{
    return unit >= 'A' && unit <= 'Z' ? (uint16_t)(unit + 32) : unit;
}

/* ---- the two ---- */

static bool contains(const struct name *name, const struct name *text)
{
    for (size_t at = 0; at + text->length <= name->length; at++) {
        if (name->text[at] == text->text[0] &&
            memcmp(name->text + at, text->text, text->length * sizeof(text->text[0])) == 0) {
            return true;
        }
    }
    return false;
}

static uint32_t search(const struct name *name)
{
    struct name folded = {.length = name->length};
    for (size_t i = 0; i < name->length; i++) {
        folded.text[i] = lower(name->text[i]);
    }
    for (uint32_t rule = 0; rule < RULES; rule++) {
        if (contains(&folded, &lowered[rule])) {
            return rule;
        }
    }
    return BALLAST_AI_NO_RULE;
}

static uint32_t match(const struct name *name)
{
    return rules_match(rules, name->text, name->length);
}

static uint32_t sum;

/* One name; all of them in turn. */
static void next(uint32_t (*find)(const struct name *name))
{
    static size_t turn;
    sum += find(&names[turn++ % NAMES]);
}

/* ---- names and rules ---- */

static bool prepare(void)
{
    static uint16_t list[RULES * NAME_LENGTH];
    size_t characters = 0;
    uint32_t rejected;
    for (size_t i = 0; i < RULES; i++) {
        set(&lowered[i], texts[i]);
        memcpy(list + characters, lowered[i].text, lowered[i].length * sizeof(list[0]));
        characters += lowered[i].length + 1;
    }
    for (size_t i = 0; i < NAMES; i++) {
        char text[NAME_LENGTH];
        const char *program =
            i % 20 == 7 ? texts[i / 20 % RULES] : programs[i * 7 % (sizeof(programs) / sizeof(*programs))];
        snprintf(text, sizeof(text), i % 3 == 0 ? "%s%u.exe" : "%s.exe", program, (unsigned)(i % 12));
        set(&names[i], text);
    }
    return rules_compile(list, characters, &rules, &rejected) == BALLAST_SUCCESS;
}

static bool agree(void)
{
    size_t matching = 0;
    for (size_t i = 0; i < NAMES; i++) {
        if (search(&names[i]) != match(&names[i])) {
            return false;
        }
        matching += match(&names[i]) != BALLAST_AI_NO_RULE;
    }
    return matching >= NAMES / 20;
}

int main(void)
{
    if (!prepare() || !agree()) {
        fprintf(stderr, "path-rules: the two do not find the same\n");
        return 1;
    }
    PATH_COUNT_OF(NAMES, "path.rules.search", next(search));
    PATH_COUNT_OF(NAMES, "path.rules.match", next(match));
    rules_free(rules);
    return sum == 0;
}
