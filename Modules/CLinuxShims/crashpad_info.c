// Defines what crashpad_info.h declares, once in every executable and library that uses it, and the note that leads a
// handler there.
#include "crashpad_info.h"

struct crashpad_annotation_list crashpad_annotation_list_storage = {
    .tail_pointer = &crashpad_annotation_list_storage.tail,
    .head = {.link = &crashpad_annotation_list_storage.tail},
};
struct crashpad_dictionary_entry crashpad_dictionary_storage[CRASHPAD_DICTIONARY_ENTRIES];
struct crashpad_pair crashpad_ranges_storage[CRASHPAD_RANGES];
uint64_t crashpad_dictionary_writer_storage;

struct crashpad_info crashpad_info_storage = {
    .signature = CRASHPAD_INFO_SIGNATURE,
    .size = sizeof(struct crashpad_info),
    .version = 1,
    .annotations = &crashpad_annotation_list_storage,
};

// A note named "Crashpad" whose descriptor is the distance from itself to the structure, so that it needs no relocation
// when the program is loaded.
__asm__(
    "  .pushsection .note.crashpad.info, \"a\", %note\n"
    "  .balign 4\n"
    "  .long 9, 8, 0x4f464e49\n"
    "  .asciz \"Crashpad\"\n"
    "  .balign 4\n"
    "  .quad crashpad_info_storage - .\n"
    "  .popsection\n");
