/* SPDX-License-Identifier: MIT */
/* Talking to the user: status, message boxes, console, formatted text. */

#include "core/base/size_text.h"
#include "lib/imdisk/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define TITLE             L"ImDisk"
#define STATUS_TIMEOUT_MS 1000

void show_status(HWND window, const wchar_t *text)
{
    if (window != NULL && window != GetDesktopWindow()) {
        DWORD_PTR result;
        /* The window may be of another thread, which may not look at its messages. */
        (void)SendMessageTimeoutW(window, WM_SETTEXT, 0, (LPARAM)text, SMTO_ABORTIFHUNG, STATUS_TIMEOUT_MS, &result);
    }
}

/* A message-only window, which a caller without display may have, owns nothing. */
static int message_box(HWND window, const wchar_t *text, const wchar_t *title, UINT style)
{
    int answer = MessageBoxW(window, text, title, style);
    return answer > 0 ? answer : 0;
}

int ask(HWND window, UINT style, const wchar_t *question)
{
    return window != NULL ? message_box(window, question, TITLE, style) : 0;
}

BOOL fail_shown(HWND window, DWORD code, const wchar_t *what)
{
    if (window != NULL) {
        wchar_t text[512];
        int used = swprintf(text, 200, L"%ls: ", what);
        used = used < 0 ? 0 : used;
        if (FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, text + used,
                           512 - (DWORD)used, NULL) == 0) {
            (void)swprintf(text + used, (size_t)(512 - used), L"error %lu", (unsigned long)code);
            text[511] = 0;
        }
        (void)message_box(window, text, TITLE, MB_OK | MB_ICONERROR);
    }
    return fail(code);
}

BOOL WINAPI ImDiskFlushWindowMessages(HWND window)
{
    MSG message;
    while (PeekMessageW(&message, window, 0, 0, PM_REMOVE)) {
        if (message.message == WM_QUIT) {
            PostQuitMessage((int)message.wParam); /* for the loop that is meant to see it */
            break;
        }
        TranslateMessage(&message);
        DispatchMessageW(&message);
    }
    return TRUE;
}

/* ---- FormatMessage ---- */

/* LocalFree() it; NULL, with the last error set, if it cannot be had. */
static LPWSTR format(LPCWSTR message, va_list *arguments)
{
    LPWSTR text = NULL;
    if (message == NULL) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    DWORD length = FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_STRING, message, 0, 0,
                                  (LPWSTR)(void *)&text, 1, arguments);
    return length != 0 ? text : NULL;
}

LPWSTR CDECL ImDiskAllocPrintF(LPCWSTR message, ...)
{
    va_list arguments;
    va_start(arguments, message);
    LPWSTR text = format(message, &arguments);
    va_end(arguments);
    return text;
}

LPSTR CDECL ImDiskAllocPrintFA(LPCSTR message, ...)
{
    LPSTR text = NULL;
    va_list arguments;
    if (message == NULL) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    va_start(arguments, message);
    DWORD length = FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_STRING, message, 0, 0,
                                  (LPSTR)(void *)&text, 1, &arguments);
    va_end(arguments);
    return length != 0 ? text : NULL;
}

int CDECL ImDiskMsgBoxPrintF(HWND window, UINT style, LPCWSTR title, LPCWSTR message, ...)
{
    int answer = 0;
    va_list arguments;
    va_start(arguments, message);
    LPWSTR text = format(message, &arguments);
    va_end(arguments);
    if (text != NULL) {
        answer = message_box(window, text, title != NULL ? title : TITLE, style);
        LocalFree(text);
    }
    return answer;
}

/* ---- the console ---- */

/* The answers that a style offers, first the one that changes least. */
struct answers {
    UINT style;
    struct {
        wchar_t key;
        int answer;
    } answers[3];
    const wchar_t *prompt;
};

static const struct answers all_answers[] = {
    {MB_OKCANCEL, {{L'c', IDCANCEL}, {L'o', IDOK}}, L" (o)k, (c)ancel? "},
    {MB_YESNO, {{L'n', IDNO}, {L'y', IDYES}}, L" (y)es, (n)o? "},
    {MB_YESNOCANCEL, {{L'c', IDCANCEL}, {L'n', IDNO}, {L'y', IDYES}}, L" (y)es, (n)o, (c)ancel? "},
    {MB_RETRYCANCEL, {{L'c', IDCANCEL}, {L'r', IDRETRY}}, L" (r)etry, (c)ancel? "},
    {MB_ABORTRETRYIGNORE, {{L'a', IDABORT}, {L'r', IDRETRY}, {L'i', IDIGNORE}}, L" (a)bort, (r)etry, (i)gnore? "},
};

static void print(const wchar_t *text)
{
    HANDLE output = GetStdHandle(STD_ERROR_HANDLE);
    DWORD written;
    size_t length = wcslen(text);
    if (length > 65535 || WriteConsoleW(output, text, (DWORD)length, &written, NULL)) {
        return;
    }
    int size = WideCharToMultiByte(CP_OEMCP, 0, text, (int)length, NULL, 0, NULL, NULL);
    char *bytes = size > 0 ? HeapAlloc(GetProcessHeap(), 0, (SIZE_T)size) : NULL;
    if (bytes != NULL) {
        (void)WideCharToMultiByte(CP_OEMCP, 0, text, (int)length, bytes, size, NULL, NULL);
        (void)WriteFile(output, bytes, (DWORD)size, &written, NULL);
        HeapFree(GetProcessHeap(), 0, bytes);
    }
}

/* The next line's first letter, lower case; 0 at the end. */
static wchar_t read_key(void)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    wchar_t key = 0;
    for (;;) {
        char byte;
        DWORD count = 0;
        if (!ReadFile(input, &byte, 1, &count, NULL) || count == 0) {
            return key;
        }
        if (byte == '\n') {
            return key != 0 ? key : L'\n';
        }
        if (key == 0 && byte != '\r' && byte != ' ') {
            key = (wchar_t)((unsigned char)byte | 0x20u);
        }
    }
}

static int read_answer(const struct answers *answers)
{
    for (;;) {
        print(answers->prompt);
        wchar_t key = read_key();
        if (key == 0) {
            print(L"\r\n");
            return answers->answers[0].answer;
        }
        for (size_t i = 0; i < 3 && answers->answers[i].key != 0; i++) {
            if (answers->answers[i].key == key) {
                return answers->answers[i].answer;
            }
        }
    }
}

int WINAPI ImDiskConsoleMessageW(HWND window, LPCWSTR text, LPCWSTR caption, UINT style)
{
    (void)window;
    if (caption != NULL && caption[0] != 0) {
        print(caption);
        print(L": ");
    }
    print(text != NULL ? text : L"");
    for (size_t i = 0; i < sizeof(all_answers) / sizeof(all_answers[0]); i++) {
        if (all_answers[i].style == (style & MB_TYPEMASK)) {
            return read_answer(&all_answers[i]);
        }
    }
    print(L"\r\n");
    return IDOK;
}

/* NULL for NULL and without memory. */
static LPWSTR wide_of(LPCSTR text)
{
    int size = text != NULL ? MultiByteToWideChar(CP_ACP, 0, text, -1, NULL, 0) : 0;
    LPWSTR wide = size > 0 ? HeapAlloc(GetProcessHeap(), 0, (SIZE_T)size * sizeof(WCHAR)) : NULL;
    if (wide != NULL) {
        (void)MultiByteToWideChar(CP_ACP, 0, text, -1, wide, size);
    }
    return wide;
}

int WINAPI ImDiskConsoleMessageA(HWND window, LPCSTR text, LPCSTR caption, UINT style)
{
    LPWSTR wide_text = wide_of(text);
    LPWSTR wide_caption = wide_of(caption);
    int answer = ImDiskConsoleMessageW(window, wide_text, wide_caption, style);
    HeapFree(GetProcessHeap(), 0, wide_text);
    HeapFree(GetProcessHeap(), 0, wide_caption);
    return answer;
}

/* ---- sizes ---- */

void format_size(uint64_t bytes, wchar_t *text, size_t size)
{
    static const wchar_t *const units[] = {L"bytes", L"KiB", L"MiB", L"GiB", L"TiB"};
    size_t unit = 0;
    uint64_t scaled = bytes;
    /* Larger units as long as they are exact, or the number is long. */
    while (unit < 4 && scaled >= 1024 && (scaled % 1024 == 0 || scaled >= 102400)) {
        scaled /= 1024;
        unit++;
    }
    (void)swprintf(text, size, L"%llu %ls", (unsigned long long)scaled, units[unit]);
    text[size - 1] = 0;
}

BOOL parse_size(const wchar_t *text, uint64_t *bytes)
{
    char narrow[32];
    struct size_text size;
    size_t length = wcslen(text);
    if (length >= sizeof(narrow)) {
        return FALSE;
    }
    for (size_t i = 0; i <= length; i++) {
        narrow[i] = (char)(text[i] < 128 ? text[i] & 0x7F : L'?');
    }
    if (!size_text_parse(narrow, &size) || size.unit != SIZE_BYTES || size.value > INT64_MAX) {
        return FALSE;
    }
    *bytes = size.value;
    return TRUE;
}
