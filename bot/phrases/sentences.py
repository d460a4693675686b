"""The list of everything the bot says; a language is one value of it.

Placeholders are those of `str.format`. A sentence with a number is worded so that it needs no
plural. Marks that stand below an answer are plain text; whoever shows them sets them in italics.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    language: str
    """The IETF tag of these sentences."""

    # What passes while an answer is on its way
    thinking: str
    looking: str
    waiting: str  # {count} before this one
    preparing_voice: str

    # Under or instead of an answer
    stopped: str
    stopped_unwritten: str
    interrupted: str
    interrupted_unwritten: str
    maybe_incomplete: str
    empty_answer: str
    failed_midway: str
    rest_in_file: str
    sources: str

    # Buttons
    button_like: str
    button_dislike: str
    button_regenerate: str
    button_try_again: str
    button_speak: str
    button_stop: str
    button_cancel: str
    button_clear: str
    button_keep: str
    button_back: str
    button_skip: str
    button_all: str
    button_default: str
    button_yes: str
    button_no: str
    button_fill_in: str
    button_save: str
    button_send: str
    button_words: str

    # What the Completion API may answer instead
    unreachable: str
    not_set_up: str
    invalid_input: str
    quota_exceeded: str
    busy: str
    generation_failed: str
    file_refused: str
    no_speech: str
    service_failed: str
    refused: str
    app_unavailable: str
    unexpected: str  # {reference}

    # Pictures
    picture_too_large: str  # {limit} megabytes
    picture_wrong_type: str
    sound_unheard: str
    file_unreadable: str
    pictures_too_many: str  # {limit}
    pictures_unseen: str
    pictures_unseen_words_answered: str
    picture_gone: str
    picture_what_to_do: str
    picture_what_to_do_group: str

    # Commands
    unknown_command: str  # {command}
    ask_title: str
    ask_how: str
    ask_how_group: str
    nothing_to_stop: str
    nothing_to_retry: str
    only_asker: str
    only_administrators: str
    standing_unknown: str
    only_channel: str
    reply_of_other: str
    kept_no_longer: str
    forgotten: str

    # Who may ask, and how much
    not_allowed_here: str
    not_allowed_you: str
    not_allowed_external: str
    too_busy: str
    too_many_questions: str  # {limit} an hour, {wait}
    allowance_used_up: str  # {wait}
    wait_minutes: str  # {count}
    wait_hours: str  # {count}

    # Ratings
    rating_ask_words: str
    rating_ask_form: str
    rating_ask_hint: str
    rating_write: str
    rating_noted: str
    rating_words: str
    rating_cancelled: str
    rating_thanks: str
    rating_needed: str
    rating_how: str
    rating_nothing: str
    rating_impossible: str
    rating_of_asker: str
    rating_of_other: str

    # Details an app asks for besides the question
    inputs_title: str
    inputs_needed: str
    inputs_needed_form: str
    inputs_none: str
    inputs_write: str  # {label}
    inputs_write_group: str  # {label}
    inputs_number: str  # {label}
    inputs_number_group: str  # {label}
    inputs_choose: str  # {label}
    inputs_yes_or_no: str  # {label}
    inputs_now: str  # {value}
    inputs_default: str  # {value}
    inputs_limit: str  # {limit} characters
    inputs_value: str  # {label}, {value}
    inputs_empty: str
    inputs_list: str
    inputs_saved: str
    inputs_question_dropped: str
    inputs_stale: str
    inputs_how: str  # {name}
    fault_missing: str  # {label}
    fault_too_long: str  # {label}, {limit} characters
    fault_not_an_option: str  # {label}, {options}
    fault_not_a_number: str  # {label}
    fault_not_yes_or_no: str  # {label}
    fault_unknown: str  # {label}

    # Windows of a platform's own
    window_wait: str
    window_nothing: str
    window_choose: str
    rest_elsewhere: str

    # Voice
    voice_nothing: str
    voice_unwritten: str
    voice_unfinished: str
    voice_none_in_app: str
    voice_none_here: str
    voice_too_large: str
    voice_failed: str
    voice_on: str
    voice_off: str

    # About the app
    greeting: str  # {title}
    greeting_unnamed: str
    greeting_how: str
    greeting_how_group: str
    suggestions: str
    suggested: str  # {name}, {question}
    suggestion_gone: str
    help_head: str
    help_head_group: str
    help_head_threads: str
    help_reactions: str
    help_reactions_admin: str
    help_reactions_member: str
    help_edit: str
    about_privacy: str
    about_made_by: str  # {author}
    about_nothing: str
    home_questions: str
    home_ask: str
    home_help: str
    home_how: str  # {command}
    home_settings: str
    home_change: str
    home_details: str
    home_voice_on: str
    home_voice_off: str
    home_read_aloud: str
    home_read_silently: str
    home_answers: str
    home_about: str
    command_ask: str
    command_stop: str
    command_retry: str
    command_voice: str
    command_inputs: str
    command_feedback: str
    command_about: str
    command_help: str
    command_forget: str
    command_private: str
    command_stats: str
    stats_head: str
    stats_asked: str
    stats_outcomes: str
    stats_ratings: str
    stats_used: str
