// A server's page: copy buttons, and the client chosen last time.
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  button.addEventListener('click', async () => {
    const label = button.textContent;
    await navigator.clipboard.writeText(button.previousElementSibling?.textContent ?? '');
    button.textContent = '✓';
    setTimeout(() => {
      button.textContent = label;
    }, 1500);
  });
}
