/* SPDX-License-Identifier: MIT */
/*
 * Rules as an automaton of Aho and Corasick over symbols; rules.h has the contract.
 *
 * A symbol is a character that some rule contains, upper and lower case alike; a table of pages finds it, and all other
 * characters are symbol 0. The beginning and the end of a name are symbols too, so that exact rules, and globs that have
 * stars at their ends only, are substrings like all others. States are a trie with lists of children, bounded by the
 * rules' length. Those nearest to the root, where most names stay, have a row with the next state for each symbol: as many
 * as fit in ROW_UNITS, breadth first; in the others a step walks the list of children and the fallbacks to one that has.
 */

#include "core/ai/rules.h"
#include "core/base/platform.h"
#include "core/base/upcase.h"

#define RULES_TAG         PLATFORM_TAG('B', 'a', 'R', 'u')
#define RULES_TAG_SCRATCH PLATFORM_TAG('B', 'a', 'R', 't')

#define PAGE_UNITS        256u
#define PAGES             256u

#define ROW_UNITS         4096u /* of all rows, at most */
#define ROW_UNITS_STATE   8u    /* and for each state */

#define NO_RULE           0xFFFFu /* in a state, as the next */
#define NO_ROW            0xFFFFu

enum rule_symbol {
    SYMBOL_OTHER, /* in no rule */
    SYMBOL_BEGIN,
    SYMBOL_END,
    SYMBOL_ANY_ONE, /* these two in globs only */
    SYMBOL_ANY,
    SYMBOL_FIRST,
};

struct rule_state {
    uint16_t symbol; /* by which it is reached */
    uint16_t child;
    uint16_t sibling;
    uint16_t fallback; /* the state of the longest proper suffix */
    uint16_t rule;     /* the lowest that ends here or at a fallback and is no word */
    uint16_t row;      /* where it begins in rules->row */
};

struct rule_end {
    uint16_t word;  /* the lowest that ends here */
    uint16_t words; /* the nearest state from here on down the fallbacks that has a word; 0: none */
};

struct rule_glob {
    uint16_t rule;
    uint16_t length; /* 0 stands for all words, of which `rule` is the first */
    uint16_t symbol[BALLAST_AI_RULE_LENGTH];
};

struct rules {
    size_t size;
    uint32_t count;
    uint32_t state_count;
    uint32_t glob_count;
    uint32_t symbol_count;
    struct ballast_ai_rule *rule;
    struct rule_state *state; /* 0 is the root */
    struct rule_end *end;     /* by state */
    struct rule_glob *glob;   /* those that the automaton cannot say, in the order of rules */
    uint16_t *row;            /* rows of symbol_count states each */
    uint32_t row_units;       /* used of row_capacity */
    uint32_t row_capacity;
    uint16_t begin; /* the state after SYMBOL_BEGIN */
    bool words;     /* whether there are any */
    uint16_t (*page)[PAGE_UNITS];
    uint16_t page_of[PAGES]; /* by the upper half of a unit; page 0 is empty */
};

_Static_assert(1 + BALLAST_AI_MAXIMUM_RULES * (BALLAST_AI_RULE_LENGTH + 2) < UINT16_MAX, "states are 16 bits");

/* ---- syntax ---- */

static const struct {
    char name[12];
    uint16_t kind;
} kinds[] = {
    {"substring:", BALLAST_AI_RULE_SUBSTRING},
    {"exact:", BALLAST_AI_RULE_EXACT},
    {"glob:", BALLAST_AI_RULE_GLOB},
    {"word:", BALLAST_AI_RULE_WORD},
};

static const char original_set[] = "set:original";
static const uint16_t original_rules[] = u"python\0pytorch\0tensorflow\0codex\0torch\0conda\0";

/* Characters of `name` if the text begins with it, or 0. */
static size_t match_kind(const uint16_t *text, size_t length, const char *name)
{
    size_t i = 0;
    for (; name[i] != 0; i++) {
        if (i == length || upcase(text[i]) != upcase((uint16_t)name[i])) {
            return 0;
        }
    }
    return i;
}

static bool parse_rule(const uint16_t *text, size_t length, struct ballast_ai_rule *rule)
{
    size_t prefix = 0;
    platform_zero(rule, sizeof(*rule));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && prefix == 0; i++) {
        prefix = match_kind(text, length, kinds[i].name);
        rule->kind = kinds[i].kind;
    }
    if (prefix == 0) {
        rule->kind = BALLAST_AI_RULE_SUBSTRING;
    }
    length -= prefix;
    if (length == 0 || length > BALLAST_AI_RULE_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        uint16_t unit = text[prefix + i];
        bool wildcard = unit == '*' || unit == '?';
        if (unit < ' ' || unit == 0x7F || (unit == ':' && prefix == 0) ||
            (wildcard && rule->kind != BALLAST_AI_RULE_GLOB)) {
            return false;
        }
        rule->text[i] = unit;
    }
    rule->text_length = (uint16_t)length;
    return true;
}

struct rule_cursor {
    const uint16_t *text;
    size_t characters;
    uint32_t strings; /* that have been taken; those of a set are one */
    const uint16_t *set;
    size_t set_characters;
};

static size_t take_string(const uint16_t **text, size_t *characters)
{
    size_t length = 0;
    while (length < *characters && (*text)[length] != 0) {
        length++;
    }
    size_t used = length < *characters ? length + 1 : length;
    *text += used;
    *characters -= used;
    return length;
}

/* The length of the next string, which is 0 at the end of the list; *text is its beginning. A set is its rules. */
static size_t next_string(struct rule_cursor *cursor, const uint16_t **text)
{
    *text = cursor->set;
    size_t length = cursor->set != NULL ? take_string(&cursor->set, &cursor->set_characters) : 0;
    if (length != 0) {
        return length;
    }
    *text = cursor->text;
    length = take_string(&cursor->text, &cursor->characters);
    cursor->strings += length != 0;
    if (length == sizeof(original_set) - 1 && match_kind(*text, length, original_set) == length) {
        cursor->set = original_rules;
        cursor->set_characters = sizeof(original_rules) / sizeof(original_rules[0]);
        *text = cursor->set;
        length = take_string(&cursor->set, &cursor->set_characters);
    }
    return length;
}

/* ---- measuring: what the compiled rules will need at most ---- */

struct rule_measure {
    uint32_t rules;
    bool words;
    uint32_t rejected; /* the string that is wrong or too many */
    uint32_t globs;
    uint32_t characters;
    uint32_t pages; /* the empty one included */
    uint16_t page_of[PAGES];
};

/* Gives a number to each page that has a character of a rule, or one that differs from such a character by case. */
static void number_pages(struct rule_measure *measure)
{
    for (uint32_t unit = 0; unit < UPCASE_LIMIT; unit++) {
        if (upcase((uint16_t)unit) != unit && measure->page_of[upcase((uint16_t)unit) / PAGE_UNITS] != 0) {
            measure->page_of[unit / PAGE_UNITS] = 1;
        }
    }
    measure->pages = 1;
    for (size_t i = 0; i < PAGES; i++) {
        if (measure->page_of[i] != 0) {
            measure->page_of[i] = (uint16_t)measure->pages++;
        }
    }
}

static bool measure_rules(struct rule_cursor cursor, struct rule_measure *measure)
{
    const uint16_t *text;
    struct ballast_ai_rule rule;
    platform_zero(measure, sizeof(*measure));
    for (size_t length; (length = next_string(&cursor, &text)) != 0; measure->rules++) {
        if (measure->rules == BALLAST_AI_MAXIMUM_RULES || !parse_rule(text, length, &rule)) {
            measure->rejected = cursor.strings - 1;
            return false;
        }
        measure->globs += rule.kind == BALLAST_AI_RULE_GLOB || (rule.kind == BALLAST_AI_RULE_WORD && !measure->words);
        measure->words = measure->words || rule.kind == BALLAST_AI_RULE_WORD;
        measure->characters += rule.text_length;
        for (size_t i = 0; i < rule.text_length; i++) {
            measure->page_of[upcase(rule.text[i]) / PAGE_UNITS] = 1;
        }
    }
    number_pages(measure);
    return true;
}

/* ---- compiling ---- */

static uint16_t *symbol_place(const struct rules *rules, uint16_t unit)
{
    return &rules->page[rules->page_of[unit / PAGE_UNITS]][unit % PAGE_UNITS];
}

static uint16_t find_symbol(const struct rules *rules, uint16_t unit)
{
    return *symbol_place(rules, unit);
}

/* The symbol of a character of a rule, new if need be. */
static uint16_t add_symbol(struct rules *rules, uint16_t unit)
{
    uint16_t *place = symbol_place(rules, upcase(unit));
    if (*place == SYMBOL_OTHER) {
        *place = (uint16_t)rules->symbol_count++;
    }
    return *place;
}

static uint16_t find_child(const struct rules *rules, uint16_t state, uint16_t symbol)
{
    uint16_t child = rules->state[state].child;
    while (child != 0 && rules->state[child].symbol != symbol) {
        child = rules->state[child].sibling;
    }
    return child;
}

static uint16_t add_child(struct rules *rules, uint16_t state, uint16_t symbol)
{
    uint16_t child = find_child(rules, state, symbol);
    if (child == 0) {
        child = (uint16_t)rules->state_count++;
        rules->state[child] = (struct rule_state){.symbol = symbol, .rule = NO_RULE, .row = NO_ROW};
        rules->state[child].sibling = rules->state[state].child;
        rules->state[state].child = child;
    }
    return child;
}

static void add_glob(struct rules *rules, const struct ballast_ai_rule *rule, uint16_t index)
{
    struct rule_glob *glob = &rules->glob[rules->glob_count++];
    glob->rule = index;
    glob->length = rule->text_length;
    for (size_t i = 0; i < rule->text_length; i++) {
        uint16_t unit = rule->text[i];
        glob->symbol[i] = unit == '*'   ? (uint16_t)SYMBOL_ANY
                          : unit == '?' ? (uint16_t)SYMBOL_ANY_ONE
                                        : add_symbol(rules, unit);
    }
}

/* Whether [first, last) of a rule's text is free of wildcards and not empty. */
static bool is_literal(const struct ballast_ai_rule *rule, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        if (rule->text[i] == '*' || rule->text[i] == '?') {
            return false;
        }
    }
    return first < last;
}

/* Words are looked for after the rest, and by the first of them only if it may count. */
static void add_word(struct rules *rules, uint16_t state, uint16_t index)
{
    if (!rules->words) {
        rules->words = true;
        rules->glob[rules->glob_count++] = (struct rule_glob){.rule = index};
    }
    if (rules->end[state].word > index) {
        rules->end[state].word = index;
    }
}

static void add_rule(struct rules *rules, const struct ballast_ai_rule *rule, uint16_t index)
{
    size_t first = 0;
    size_t last = rule->text_length;
    bool from_begin = rule->kind == BALLAST_AI_RULE_EXACT || rule->kind == BALLAST_AI_RULE_GLOB;
    bool to_end = from_begin;
    if (rule->kind == BALLAST_AI_RULE_GLOB) {
        for (; first < last && rule->text[first] == '*'; first++) {
            from_begin = false;
        }
        for (; last > first && rule->text[last - 1] == '*'; last--) {
            to_end = false;
        }
        if (!is_literal(rule, first, last)) {
            add_glob(rules, rule, index);
            return;
        }
    }
    uint16_t state = from_begin ? add_child(rules, 0, SYMBOL_BEGIN) : 0;
    for (size_t i = first; i < last; i++) {
        state = add_child(rules, state, add_symbol(rules, rule->text[i]));
    }
    state = to_end ? add_child(rules, state, SYMBOL_END) : state;
    if (rule->kind == BALLAST_AI_RULE_WORD) {
        add_word(rules, state, index);
    } else if (rules->state[state].rule > index) {
        rules->state[state].rule = index;
    }
}

static uint16_t lower(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static void complete_state(const struct rules *rules, uint16_t state)
{
    struct rule_state *this = &rules->state[state];
    struct rule_end *end = &rules->end[state];
    this->rule = lower(this->rule, rules->state[this->fallback].rule);
    end->words = end->word != NO_RULE ? state : rules->end[this->fallback].words;
}

static uint16_t *row_of(const struct rules *rules, uint16_t state)
{
    return rules->row + rules->state[state].row;
}

/* From a state without a row. */
static __attribute__((noinline)) uint16_t walk(const struct rules *rules, uint16_t state, uint16_t symbol)
{
    do {
        uint16_t child = find_child(rules, state, symbol);
        if (child != 0) {
            return child;
        }
        state = rules->state[state].fallback;
    } while (rules->state[state].row == NO_ROW); /* the root has one */
    return row_of(rules, state)[symbol];
}

static inline uint16_t step(const struct rules *rules, uint16_t state, uint16_t symbol)
{
    return rules->state[state].row != NO_ROW ? row_of(rules, state)[symbol] : walk(rules, state, symbol);
}

/* If there is room: what its fallback, whose row is complete, does with a symbol, and where it has a child, that. */
static void add_row(struct rules *rules, uint16_t state)
{
    if (rules->row_units + rules->symbol_count > rules->row_capacity) {
        return;
    }
    uint16_t fallback = rules->state[state].fallback;
    rules->state[state].row = (uint16_t)rules->row_units;
    rules->row_units += rules->symbol_count;
    uint16_t *row = row_of(rules, state);
    if (state != 0) {
        platform_copy(row, row_of(rules, fallback), rules->symbol_count * sizeof(*row));
    }
    for (uint16_t child = rules->state[state].child; child != 0; child = rules->state[child].sibling) {
        row[rules->state[child].symbol] = child;
    }
}

/* Breadth first, so that fallbacks, which are less deep, are complete and have their rows before they are used. */
static void link_fallbacks(struct rules *rules, uint16_t *queue)
{
    size_t queued = 0;
    add_row(rules, 0);
    for (uint16_t child = rules->state[0].child; child != 0; child = rules->state[child].sibling) {
        complete_state(rules, child);
        queue[queued++] = child;
    }
    for (size_t i = 0; i < queued; i++) {
        const struct rule_state *parent = &rules->state[queue[i]];
        add_row(rules, queue[i]);
        for (uint16_t child = parent->child; child != 0; child = rules->state[child].sibling) {
            struct rule_state *state = &rules->state[child];
            state->fallback = step(rules, parent->fallback, state->symbol);
            complete_state(rules, child);
            queue[queued++] = child;
        }
    }
}

/* One block: the structure and, by falling alignment, what it points to. */
static struct rules *allocate(const struct rule_measure *measure)
{
    uint32_t states = 1 + measure->characters + 2 * measure->rules;
    uint32_t symbols = SYMBOL_FIRST + measure->characters; /* at most: the root's row fits always */
    size_t rule_bytes = measure->rules * sizeof(struct ballast_ai_rule);
    size_t state_bytes = states * sizeof(struct rule_state);
    size_t end_bytes = states * sizeof(struct rule_end);
    size_t glob_bytes = measure->globs * sizeof(struct rule_glob);
    uint32_t row_units = states * ROW_UNITS_STATE < ROW_UNITS ? states * ROW_UNITS_STATE : ROW_UNITS;
    row_units = row_units < symbols ? symbols : row_units;
    size_t row_bytes = row_units * sizeof(uint16_t);
    size_t page_bytes = (size_t)measure->pages * PAGE_UNITS * sizeof(uint16_t);
    size_t size = sizeof(struct rules) + rule_bytes + state_bytes + end_bytes + glob_bytes + row_bytes + page_bytes;
    unsigned char *block = platform_allocate(PLATFORM_POOL_NONPAGED, size, RULES_TAG);
    if (block == NULL) {
        return NULL;
    }
    struct rules *rules = (struct rules *)(void *)block;
    platform_zero(block, size);
    rules->size = size;
    rules->row_capacity = row_units;
    rules->state_count = 1;
    rules->symbol_count = SYMBOL_FIRST;
    block += sizeof(struct rules);
    rules->rule = (struct ballast_ai_rule *)(void *)block;
    rules->state = (struct rule_state *)(void *)(block += rule_bytes);
    rules->end = (struct rule_end *)(void *)(block += state_bytes);
    rules->glob = (struct rule_glob *)(void *)(block += end_bytes);
    rules->row = (uint16_t *)(void *)(block += glob_bytes);
    rules->page = (uint16_t(*)[PAGE_UNITS])(void *)(block + row_bytes);
    rules->state[0] = (struct rule_state){.rule = NO_RULE, .row = NO_ROW};
    for (uint32_t i = 0; i < states; i++) {
        rules->end[i] = (struct rule_end){.word = NO_RULE};
    }
    platform_copy(rules->page_of, measure->page_of, sizeof(rules->page_of));
    return rules;
}

static void fill(struct rules *rules, struct rule_cursor cursor, uint16_t *queue)
{
    const uint16_t *text;
    for (size_t length; (length = next_string(&cursor, &text)) != 0; rules->count++) {
        struct ballast_ai_rule *rule = &rules->rule[rules->count];
        (void)parse_rule(text, length, rule);
        add_rule(rules, rule, (uint16_t)rules->count);
    }
    for (uint32_t unit = 0; unit < UPCASE_LIMIT; unit++) {
        uint16_t upper = upcase((uint16_t)unit);
        if (upper != unit && find_symbol(rules, upper) != SYMBOL_OTHER) {
            *symbol_place(rules, (uint16_t)unit) = find_symbol(rules, upper);
        }
    }
    link_fallbacks(rules, queue);
    rules->begin = step(rules, 0, SYMBOL_BEGIN);
}

ballast_status rules_compile(const uint16_t *text, size_t characters, struct rules **rules, uint32_t *rejected)
{
    struct rule_measure measure;
    struct rule_cursor cursor = {.text = text, .characters = characters};
    if (!measure_rules(cursor, &measure)) {
        *rejected = measure.rejected;
        return BALLAST_INVALID_PARAMETER;
    }
    *rejected = BALLAST_AI_NO_RULE;
    size_t queue_size = (1 + measure.characters + 2 * measure.rules) * sizeof(uint16_t);
    uint16_t *queue = platform_allocate(PLATFORM_POOL_PAGED, queue_size, RULES_TAG_SCRATCH);
    struct rules *compiled = queue != NULL ? allocate(&measure) : NULL;
    if (compiled != NULL) {
        fill(compiled, cursor, queue);
        *rules = compiled;
    }
    platform_free(queue, queue_size, RULES_TAG_SCRATCH);
    return compiled != NULL ? BALLAST_SUCCESS : BALLAST_INSUFFICIENT_RESOURCES;
}

ballast_status rules_compile_default(struct rules **rules)
{
    static const uint16_t text[] =
        u"word:python\0word:pythonw\0word:ipython\0word:pytorch\0word:tensorflow\0"
        u"word:codex\0word:torch\0word:torchrun\0word:conda\0word:miniconda\0glob:anaconda*\0"
        u"word:jupyter\0word:ollama\0word:llama\0word:lm studio\0word:vllm\0word:comfyui\0"
        u"word:koboldcpp\0word:gpt4all\0word:localai\0word:tritonserver\0";
    uint32_t rejected;
    return rules_compile(text, sizeof(text) / sizeof(text[0]), rules, &rejected);
}

void rules_free(struct rules *rules)
{
    if (rules != NULL) {
        platform_free(rules, rules->size, RULES_TAG);
    }
}

uint32_t rules_count(const struct rules *rules)
{
    return rules->count;
}

void rules_read(const struct rules *rules, uint32_t index, struct ballast_ai_rule *rule)
{
    platform_copy(rule, &rules->rule[index], sizeof(*rule));
}

size_t rules_size(const struct rules *rules)
{
    return rules->size;
}

/* ---- matching ---- */

/* After a mismatch only the last star has to be tried again: whatever an earlier one could take, it can take too. */
static bool match_glob(const struct rules *rules, const struct rule_glob *glob, const uint16_t *name, size_t characters)
{
    size_t at = 0;
    size_t in_glob = 0;
    size_t after_star = SIZE_MAX; /* in the glob; none yet */
    size_t star_at = 0;           /* in the name, where what follows the star is tried */
    while (at < characters) {
        uint16_t wanted = in_glob < glob->length ? glob->symbol[in_glob] : (uint16_t)SYMBOL_END;
        if (wanted == SYMBOL_ANY) {
            after_star = ++in_glob;
            star_at = at;
        } else if (wanted == SYMBOL_ANY_ONE || wanted == find_symbol(rules, name[at])) {
            in_glob++;
            at++;
        } else if (after_star != SIZE_MAX) {
            in_glob = after_star;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (in_glob < glob->length && glob->symbol[in_glob] == SYMBOL_ANY) {
        in_glob++;
    }
    return in_glob == glob->length;
}

static bool is_letter(uint16_t unit)
{
    return (unit | 0x20u) - 'a' < 26u || unit >= 0xC0;
}

/* The lowest of the words at a state, and `best`, which end at `end` of a name and have no letters around. */
static uint16_t best_word(const struct rules *rules, uint16_t state, uint16_t best, const uint16_t *name, size_t end)
{
    for (uint16_t at = rules->end[state].words; at != 0; at = rules->end[rules->state[at].fallback].words) {
        uint16_t word = rules->end[at].word;
        size_t begin = end - rules->rule[word].text_length;
        if (word < best && (begin == 0 || !is_letter(name[begin - 1]))) {
            best = word;
        }
    }
    return best;
}

static __attribute__((noinline)) uint16_t match_words(const struct rules *rules, uint16_t best, const uint16_t *name,
                                                      size_t characters)
{
    uint16_t state = rules->begin;
    for (size_t i = 0; i < characters; i++) {
        state = step(rules, state, find_symbol(rules, name[i]));
        if (rules->end[state].words != 0 && (i + 1 == characters || !is_letter(name[i + 1]))) {
            best = best_word(rules, state, best, name, i + 1);
        }
    }
    return best;
}

uint32_t rules_match(const struct rules *rules, const uint16_t *name, size_t characters)
{
    const uint16_t *first_page = symbol_place(rules, 0); /* of most characters */
    uint16_t state = rules->begin;
    uint16_t best = NO_RULE;
    for (size_t i = 0; i < characters; i++) {
        uint16_t unit = name[i];
        state = step(rules, state, unit < PAGE_UNITS ? first_page[unit] : find_symbol(rules, unit));
        best = rules->state[state].rule < best ? rules->state[state].rule : best;
    }
    state = step(rules, state, SYMBOL_END);
    best = rules->state[state].rule < best ? rules->state[state].rule : best;
    for (uint32_t i = 0; i < rules->glob_count && rules->glob[i].rule < best; i++) {
        if (rules->glob[i].length == 0) {
            best = match_words(rules, best, name, characters);
        } else if (match_glob(rules, &rules->glob[i], name, characters)) {
            best = rules->glob[i].rule;
        }
    }
    return best == NO_RULE ? BALLAST_AI_NO_RULE : best;
}
