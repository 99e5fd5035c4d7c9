/* SPDX-License-Identifier: MIT */
/*
 * Full screens are drawn with VT sequences where the terminal knows them (Windows 10, or a terminal behind a pipe), and in
 * a screen buffer of their own on older consoles and Wine's. Both restore what was there before.
 */

#include "cli/ballast/terminal.h"

#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define MODE_VT_PROCESSING 0x0004u /* ENABLE_VIRTUAL_TERMINAL_PROCESSING, newer than NT 5.2 */

#define POLL_MS            100u /* how often a pipe is asked for keys */

#define DEFAULT_COLUMNS    80
#define DEFAULT_LINES      24

static HANDLE interrupted; /* an event */

static struct {
    bool active;
    bool vt;
    HANDLE buffer; /* if not vt */
    DWORD input_mode;
    bool input_is_console;
} full_screen;

static HANDLE output_console(DWORD *mode)
{
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    return GetConsoleMode(output, mode) ? output : NULL;
}

bool terminal_present(void)
{
    DWORD mode;
    return output_console(&mode) != NULL || getenv("BALLAST_TERMINAL") != NULL;
}

/* Wine's console takes the mode and prints the sequences as text. */
static bool is_wine(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    return ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
}

/* Switches VT sequences on if need be. */
static bool vt_possible(void)
{
    DWORD mode;
    HANDLE output = output_console(&mode);
    if (output == NULL) {
        return terminal_present(); /* behind a pipe */
    }
    return !is_wine() && SetConsoleMode(output, mode | MODE_VT_PROCESSING);
}

/* ---- interruption and keys ---- */

static BOOL WINAPI on_interrupt(DWORD event)
{
    (void)event;
    (void)SetEvent(interrupted);
    return TRUE;
}

void terminal_catch_interrupt(void)
{
    if (interrupted == NULL) {
        interrupted = CreateEventW(NULL, TRUE, FALSE, NULL);
        if (interrupted != NULL) {
            (void)SetConsoleCtrlHandler(on_interrupt, TRUE);
        }
    }
}

static enum terminal_event read_console_events(HANDLE input)
{
    enum terminal_event event = TERMINAL_NOTHING;
    DWORD count = 0;
    while (GetNumberOfConsoleInputEvents(input, &count) && count != 0) {
        INPUT_RECORD record;
        if (!ReadConsoleInputW(input, &record, 1, &count)) {
            break;
        }
        if (record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown &&
            (record.Event.KeyEvent.uChar.UnicodeChar | 0x20) == L'q') {
            return TERMINAL_QUIT;
        }
        if (record.EventType == WINDOW_BUFFER_SIZE_EVENT) {
            event = TERMINAL_RESIZE;
        }
    }
    return event;
}

static enum terminal_event read_pipe(HANDLE input)
{
    DWORD available = 0;
    while (PeekNamedPipe(input, NULL, 0, NULL, &available, NULL) && available != 0) {
        char character = 0;
        DWORD count = 0;
        if (!ReadFile(input, &character, 1, &count, NULL) || count == 0) {
            break;
        }
        if ((character | 0x20) == 'q' || character == 3) {
            return TERMINAL_QUIT;
        }
    }
    return TERMINAL_NOTHING;
}

/* One step of waiting. */
static enum terminal_event wait_step(DWORD milliseconds)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE handles[2];
    DWORD count = 0;
    if (interrupted != NULL) {
        handles[count++] = interrupted;
    }
    if (full_screen.active && full_screen.input_is_console) {
        handles[count++] = input;
    }
    if (count == 0) {
        Sleep(milliseconds);
    } else if (WaitForMultipleObjects(count, handles, FALSE, milliseconds) == WAIT_OBJECT_0 && interrupted != NULL) {
        return TERMINAL_QUIT;
    }
    if (!full_screen.active) {
        return TERMINAL_NOTHING;
    }
    return full_screen.input_is_console ? read_console_events(input) : read_pipe(input);
}

enum terminal_event terminal_wait(double seconds)
{
    enum terminal_event event;
    DWORD began = GetTickCount();
    DWORD limit = (DWORD)(seconds * 1000);
    do {
        DWORD left = limit - (GetTickCount() - began);
        event = wait_step(full_screen.active && left > POLL_MS ? POLL_MS : left);
    } while (event == TERMINAL_NOTHING && GetTickCount() - began < limit);
    return event;
}

/* ---- output ---- */

void terminal_flush(void)
{
    fflush(stdout);
}

void terminal_next_page(void)
{
    (void)fputs(terminal_present() && vt_possible() ? "\x1b[H\x1b[2J" : "\n", stdout);
}

bool terminal_begin(void)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    if (!terminal_present()) {
        return false;
    }
    full_screen.vt = vt_possible();
    if (full_screen.vt) {
        (void)fputs("\x1b[?1049h\x1b[?25l", stdout); /* the other screen, no cursor */
        terminal_flush();
    } else {
        CONSOLE_CURSOR_INFO cursor = {.dwSize = 1, .bVisible = FALSE};
        full_screen.buffer = CreateConsoleScreenBuffer(GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                                       NULL, CONSOLE_TEXTMODE_BUFFER, NULL);
        if (full_screen.buffer == INVALID_HANDLE_VALUE || !SetConsoleActiveScreenBuffer(full_screen.buffer)) {
            return false;
        }
        (void)SetConsoleCursorInfo(full_screen.buffer, &cursor);
    }
    full_screen.input_is_console = GetConsoleMode(input, &full_screen.input_mode) != 0;
    if (full_screen.input_is_console) {
        (void)SetConsoleMode(input, ENABLE_PROCESSED_INPUT | ENABLE_WINDOW_INPUT);
    }
    full_screen.active = true;
    return true;
}

void terminal_end(void)
{
    if (!full_screen.active) {
        return;
    }
    full_screen.active = false;
    if (full_screen.input_is_console) {
        (void)SetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), full_screen.input_mode);
    }
    if (full_screen.vt) {
        (void)fputs("\x1b[0m\x1b[?25h\x1b[?1049l", stdout);
        terminal_flush();
    } else {
        (void)SetConsoleActiveScreenBuffer(GetStdHandle(STD_OUTPUT_HANDLE));
        CloseHandle(full_screen.buffer);
    }
}

/* From the environment, where nobody else knows: a terminal behind a pipe. */
static size_t from_environment(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    unsigned long number = text != NULL ? strtoul(text, NULL, 10) : 0;
    return number != 0 && number < 10000 ? number : otherwise;
}

void terminal_size(size_t *columns, size_t *lines)
{
    DWORD mode;
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE output = output_console(&mode);
    if (full_screen.active && !full_screen.vt) {
        output = full_screen.buffer;
    }
    if (output != NULL && GetConsoleScreenBufferInfo(output, &info)) {
        int width = info.srWindow.Right - info.srWindow.Left + 1;
        int height = info.srWindow.Bottom - info.srWindow.Top + 1;
        *columns = (size_t)width;
        *lines = (size_t)height;
    } else {
        *columns = from_environment("COLUMNS", DEFAULT_COLUMNS);
        *lines = from_environment("LINES", DEFAULT_LINES);
    }
}

static void draw_vt(const struct top_screen *screen)
{
    static const char *const styles[] = {[TOP_PLAIN] = "", [TOP_TITLE] = "\x1b[7m", [TOP_HEADING] = "\x1b[1m"};
    (void)fputs("\x1b[H", stdout);
    for (size_t i = 0; i < screen->lines; i++) {
        (void)fprintf(stdout, "%s%s%s\x1b[0m\x1b[K", i == 0 ? "" : "\r\n", styles[screen->line[i].style],
                      screen->line[i].text);
    }
    (void)fputs("\x1b[J", stdout);
    terminal_flush();
}

static void draw_console(const struct top_screen *screen)
{
    static const WORD styles[] = {
        [TOP_PLAIN] = FOREGROUND_RED | FOREGROUND_GREEN | FOREGROUND_BLUE,
        [TOP_TITLE] = BACKGROUND_RED | BACKGROUND_GREEN | BACKGROUND_BLUE,
        [TOP_HEADING] = FOREGROUND_RED | FOREGROUND_GREEN | FOREGROUND_BLUE | FOREGROUND_INTENSITY,
    };
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(full_screen.buffer, &info)) {
        return;
    }
    DWORD width = (DWORD)info.dwSize.X;
    for (SHORT row = 0; row <= info.srWindow.Bottom; row++) {
        wchar_t text[TOP_MAXIMUM_COLUMNS + 1];
        COORD at = {0, row};
        DWORD length = 0;
        DWORD written;
        size_t line = (size_t)row;
        if (line < screen->lines) {
            int count = MultiByteToWideChar(CP_UTF8, 0, screen->line[line].text, -1, text, TOP_MAXIMUM_COLUMNS + 1);
            length = count > 0 ? (DWORD)count - 1 : 0;
            length = length < width ? length : width;
        }
        (void)WriteConsoleOutputCharacterW(full_screen.buffer, text, length, at, &written);
        (void)FillConsoleOutputAttribute(full_screen.buffer,
                                         styles[line < screen->lines ? screen->line[line].style : TOP_PLAIN], length,
                                         at, &written);
        at.X = (SHORT)length;
        (void)FillConsoleOutputCharacterW(full_screen.buffer, L' ', width - length, at, &written);
        (void)FillConsoleOutputAttribute(full_screen.buffer, styles[TOP_PLAIN], width - length, at, &written);
    }
}

void terminal_draw(const struct top_screen *screen)
{
    (full_screen.vt ? draw_vt : draw_console)(screen);
}
