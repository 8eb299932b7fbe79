/** 已结束的事件与原因更正。 */
export const ended: Record<string, string> = {
  'queue.ended': '已结束的事件 · 更正原因',
  'action.correct': '更正原因',
  'dialog.ended.title': '近 {n} 天结束的事件',
  'dialog.ended.none': '没有结束的事件',
  'dialog.ended.unread': '读取失败：{why}',
  'dialog.cause.title': '更正原因',
  'dialog.cause.now': '现在的',
  'dialog.cause.now.house': '现在的 · 本院自己更正，待他人确认',
  'dialog.cause.confirm.hint': '本院自己更正的原因，经院外人员确认后才计入消防安全指数。',
  'action.confirm_cause': '确认原因',
  'dialog.cause.hint': '原来的原因留在经过里；由此学习的标签随之更改。',
  'dialog.cause.why': '为何更正（可不写）',
}
