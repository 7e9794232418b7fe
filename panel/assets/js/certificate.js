// The paper to sign: its one button prints it.
document.getElementById("print").addEventListener("click", () => window.print());
