/** What has ended, and causes corrected. */
export const ended: Record<string, string> = {
  'queue.ended': 'Ended incidents · correct a cause',
  'action.correct': 'Correct cause',
  'dialog.ended.title': 'Ended in the last {n} days',
  'dialog.ended.none': 'Nothing has ended',
  'dialog.ended.unread': 'could not be read: {why}',
  'dialog.cause.title': 'Correct the cause',
  'dialog.cause.now': 'now',
  'dialog.cause.now.house': 'now · corrected by the house itself, to be confirmed',
  'dialog.cause.confirm.hint': 'What a house corrects about itself counts in the fire-safety index once somebody else has confirmed it.',
  'action.confirm_cause': 'Confirm cause',
  'dialog.cause.hint': 'The old cause stays in the trail; what is learned from it follows the new one.',
  'dialog.cause.why': 'Why (may be left empty)',
}
